"""Writes ``docs/attributes.md`` from the attribute tables."""

from pathlib import Path

from network.export.pages import attributes_page

Path(__file__).with_name("attributes.md").write_text(attributes_page(), encoding="utf-8")
