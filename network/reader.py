"""CSV files -> raw rows: encoding, delimiter, header and shape are judged here.

Nothing is repaired in silence: what is not a plain UTF-8 comma-separated table is a
problem with file and line.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from network import attributes
from network.errors import Problem
from network.schema import RawRow, RawValue

_CELL_MOST = 100_000  # characters; the longest cell of the shipped data has 3 000
_FILE_MOST = 512 * 2**20  # bytes

FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
"""Control, zero-width and direction-changing characters (a line feed in quotes is fine)."""


class TableFile(NamedTuple):
    """What one CSV file held."""

    rows: tuple[RawRow, ...]
    problems: tuple[Problem, ...]


def nearest(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, or an empty string."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def read_table(path: Path, table: str) -> TableFile:
    """Return the rows of one CSV file of a table, and what is wrong with its shape.

    Parameters
    ----------
    path
        An existing file: UTF-8 (with or without byte-order mark), comma, quotes doubled.
    table
        Table whose columns the file must have.
    """
    name = f"{path.parent.name}/{path.name}"
    text = _decode(path, name)
    if isinstance(text, Problem):
        return TableFile((), (text,))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        problems = _header_problems(name, header, table)
        if problems:
            return TableFile((), tuple(problems))
        return _body(name, reader, header)
    except csv.Error as error:
        found = Problem(f"{name}:{reader.line_num}", f"not a CSV line: {error}")
        return TableFile((), (found,))


def _decode(path: Path, name: str) -> str | Problem:
    if path.stat().st_size > _FILE_MOST:
        return Problem(name, f"larger than {_FILE_MOST >> 20} MB")
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem(f"{name}:1", "encoded as UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        return Problem(
            f"{name}:{line}",
            f"byte 0x{byte:02x} is not UTF-8 (Latin-1 or Windows-1251?); save it as UTF-8",
        )


def _header_problems(name: str, header: Sequence[str], table: str) -> list[Problem]:
    columns = attributes.of_table(table)
    known = [column.name for column in columns]
    where = f"{name}:1"
    if not header:
        return [Problem(where, f"empty file; a header is needed: {','.join(known)}")]
    if len(header) == 1 and (mark := re.search("[;\t|]", header[0])):
        return [Problem(where, f"delimiter {mark.group()!r} found; use a comma")]
    problems = [
        Problem(where, f"column {column!r} stands twice")
        for column in sorted({column for column in header if header.count(column) > 1})
    ]
    problems += [
        Problem(where, f"unknown column {column!r}{nearest(column.strip().lower(), known)}")
        for column in header
        if column not in known
    ]
    problems += [
        Problem(where, f"column {column.name!r} is missing")
        for column in columns
        if column.required and column.name not in header
    ]
    return problems


def _body(name: str, reader: Iterator[list[str]], header: Sequence[str]) -> TableFile:
    rows: list[RawRow] = []
    problems: list[Problem] = []
    blank = ""  # a blank line at the end is fine, between rows it is not
    before = 1
    for cells in reader:
        where, before = f"{name}:{before + 1}", reader.line_num  # type: ignore[attr-defined]
        if not any(cells):
            blank = blank or where
            continue
        if blank:
            problems.append(Problem(blank, "blank line between rows"))
            blank = ""
        if len(cells) != len(header):
            found = f"{len(cells)} cells, the header has {len(header)} (a comma without quotes?)"
            problems.append(Problem(where, found))
        elif max(map(len, cells)) > _CELL_MOST:
            problems.append(Problem(where, f"a cell has more than {_CELL_MOST} characters"))
        else:
            values: dict[str, RawValue] = dict(zip(header, cells, strict=True))
            rows.append(RawRow(where, values))
    return TableFile(tuple(rows), tuple(problems))
