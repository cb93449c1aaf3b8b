"""The installed face of Keruen: ``main``, for the console script.

In a wheel the rooms (``network``, ``sim``, ``scenarios``, ``commands``, ``cli``) lie in
``_root`` beside this file, so that nothing so general lands in site-packages; importing
``keruen`` puts them on the path. In a source tree they are there already. Workers in other
processes are given functions of this module, so that unpickling one makes the rooms importable.
"""

import sys
from pathlib import Path

__all__ = ["main"]

_ROOT = Path(__file__).with_name("_root")

if _ROOT.is_dir() and str(_ROOT) not in sys.path:
    sys.path.insert(0, str(_ROOT))


def main() -> int:
    """Exit status of the command line, run on the arguments of this process."""
    from cli import main as run

    return run()
