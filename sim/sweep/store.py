"""The journal of a sweep: one record per run, whole or not there, however the end came.

In: records. Out: what is done. One process writes, and holds a lock while it does.
"""

import fcntl
import hashlib
import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from sim.errors import ResultsError

SCHEMA = 1
DONE = "done"
FAILED = "failed"
FILE = "sweep.sqlite"

_LOCK = "sweep.lock"
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS run (
    point TEXT NOT NULL, replication INTEGER NOT NULL, status TEXT NOT NULL,
    content TEXT NOT NULL, seconds REAL NOT NULL, checksum TEXT NOT NULL,
    PRIMARY KEY (point, replication)
);
"""


class Record(NamedTuple):
    """One run of one point."""

    point: str
    """Key of the point."""
    replication: int
    """From 0."""
    status: str
    """`done` or `failed`."""
    content: str
    """KPIs as JSON, or what went wrong."""
    seconds: float
    """That it took; the only thing that differs from run to run."""


class Journal:
    """The records of one sweep in one file.

    Parameters
    ----------
    folder
        Of the sweep; made if it is not there.

    Raises
    ------
    ResultsError
        If the file is no journal, or of a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self.path)
            # A killed process loses nothing: the log is replayed when it is opened next. Where
            # the file system has no shared memory, SQLite stays with a rollback journal.
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.executescript(_TABLES)
            self._check_version()
        except (OSError, sqlite3.Error) as fault:
            raise ResultsError(f"{self.path}: no journal of a sweep ({fault})") from fault

    def _check_version(self) -> None:
        with self._base:
            self._base.execute("INSERT OR IGNORE INTO about VALUES ('schema', ?)", (str(SCHEMA),))
        (found,) = self._base.execute("SELECT value FROM about WHERE name = 'schema'").fetchone()
        if found != str(SCHEMA):
            raise ResultsError(
                f"{self.path}: of version {found} of the format, this Keruen writes {SCHEMA}; "
                "begin anew with --fresh"
            )

    def write(self, records: Iterable[Record]) -> None:
        """Write records at once: all of them or none; a run that is there is replaced."""
        rows = [(*record, _checksum(record)) for record in records]
        try:
            with self._base:
                self._base.executemany("INSERT OR REPLACE INTO run VALUES (?,?,?,?,?,?)", rows)
        except sqlite3.Error as fault:
            raise ResultsError(f"{self.path}: could not be written ({fault})") from fault

    def read(self) -> tuple[dict[tuple[str, int], Record], int]:
        """Return the sound records by (point, replication), and how many are damaged.

        A damaged record counts as not there: its run is done again.
        """
        found: dict[tuple[str, int], Record] = {}
        damaged = 0
        try:
            for *cells, checksum in self._base.execute("SELECT * FROM run"):
                record = _sound(cells, checksum)
                if record is None:
                    damaged += 1
                else:
                    found[record.point, record.replication] = record
        except sqlite3.DatabaseError as fault:
            raise ResultsError(
                f"{self.path}: is damaged ({fault}); begin anew with --fresh"
            ) from fault
        return found, damaged

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _sound(cells: list[object], checksum: object) -> Record | None:
    """Return the record of a row, None if it is not what was written."""
    kinds = (str, int, str, str, float)
    if not all(isinstance(cell, kind) for cell, kind in zip(cells, kinds, strict=True)):
        return None
    record = Record(*cells)  # type: ignore[arg-type]  # checked in the line above
    return record if checksum == _checksum(record) else None


def _checksum(record: Record) -> str:
    text = "\0".join((record.point, str(record.replication), record.status, record.content))
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def journal(folder: Path, *, fresh: bool, now_s: Callable[[], float]) -> Iterator[Journal]:
    """Yield the journal of a sweep, locked for this process.

    Parameters
    ----------
    folder
        Of the sweep.
    fresh
        Whether what is there is thrown away first.
    now_s
        Seconds since 1970, for the age of another's lock.

    Raises
    ------
    ResultsError
        If another process has it, or it is no journal.
    """
    with _lock(folder, now_s):
        if fresh:
            for suffix in ("", "-wal", "-shm"):
                (folder / f"{FILE}{suffix}").unlink(missing_ok=True)
        with closing(Journal(folder)) as opened:
            yield opened


@contextmanager
def _lock(folder: Path, now_s: Callable[[], float]) -> Iterator[None]:
    """Hold the lock of a folder: the system lets go of it if this process is killed."""
    path = folder / _LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
    except OSError as fault:
        raise ResultsError(f"{folder}: cannot be written to ({fault.strerror})") from fault
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            handle.seek(0)
            owner = handle.read().strip() or "another process"
            minutes = (now_s() - path.stat().st_mtime) / 60
            raise ResultsError(
                f"{folder}: {owner} has been running this sweep for {minutes:.0f} min; wait for it"
            ) from fault
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {socket.gethostname()}")
        handle.flush()
        yield
        handle.truncate(0)
