"""Lays out the wheel: ``keruen/__init__.py``, and every room under ``keruen/_root/``.

An editable install takes no copy: the tree itself is on the path (``dev-mode-dirs``).
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("network", "sim", "scenarios", "commands", "cli.py")


class Layout(BuildHookInterface):  # type: ignore[type-arg]
    """Sends the rooms of the source tree to ``keruen/_root`` in a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the rooms to what the wheel includes, unless the install is editable."""
        if version == "editable":
            return
        for room in ROOMS:
            build_data["force_include"][str(Path(self.root, room))] = f"keruen/_root/{room}"
