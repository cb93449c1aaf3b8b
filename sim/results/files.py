"""Files that are whole or not there: CSV tables, arrays, folders.

In: tables. Out: UTF-8 files whose bytes depend on their content alone. A folder is made
under another name beside its own, synced, and renamed when it is complete.
"""

import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from sim.errors import ResultsError
from sim.experiment.intervals import rounded
from sim.measures.columns import names

_NUMBERED = ("replication", "percent")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


_SAMPLE = 8_192
"""Half as many numbers tell whether an array is worth compressing."""
_WORTH = 0.7
"""It is, if it comes down to less than this part."""


def words_of(table: str) -> list[str]:
    """Return the columns of a table that hold text."""
    return [c for c in names(table, "key", "label") if c not in _NUMBERED]


def write_table(path: Path, table: pd.DataFrame, words: list[str]) -> None:
    """Write a table as CSV, its text such that no spreadsheet takes it for a formula."""
    safe = table.copy()
    for word in words:
        safe[word] = _each(safe[word].astype("str"), guarded)
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def read_table(path: Path, words: list[str]) -> pd.DataFrame:
    """Return a table as it was before `write_table`.

    Raises
    ------
    ResultsError
        If the file is missing or is no such table.
    """
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(words, "str"),
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8",
        )
        for word in words:
            table[word] = _each(table[word].fillna(""), _unguarded)
        # Not every reader of decimals hits the last bit: all figures have ten digits at most.
        for figure in table.select_dtypes("float").columns:
            table[figure] = rounded(table[figure].to_numpy(float))
    except (OSError, ValueError, KeyError) as fault:
        raise ResultsError(f"{path}: no table of results ({fault}); run it again") from fault
    return table


def _each(words: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Return words with each that differs changed once: tables repeat the same ones."""
    return words.map({word: change(word) for word in words.unique()}).astype("str")


def guarded(word: str) -> str:
    """Return a word such that no spreadsheet takes it for a formula."""
    return f"'{word}" if word.startswith(_FORMULA) else word


def _unguarded(word: str) -> str:
    return word[1:] if word.startswith("'") and word[1:].startswith(_FORMULA) else word


def write_arrays(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Write arrays by name as an npz; the same arrays give the same bytes.

    numpy itself compresses all at level 6: on the times of a million consignments that takes
    five times as long as level 1 and saves one byte in a hundred. Level 1 saves a fifth on
    arrays that are nearly noise, and takes half of the time for it: they are left as they are.
    """
    with zipfile.ZipFile(path, "w", compresslevel=1) as packed:
        for name, array in arrays.items():
            packed.compression = zipfile.ZIP_DEFLATED if _shrinks(array) else zipfile.ZIP_STORED
            with packed.open(f"{name}.npy", "w", force_zip64=True) as part:
                np.lib.format.write_array(part, array, allow_pickle=False)


def _shrinks(array: NDArray[np.generic]) -> bool:
    """Return whether it is worth compressing an array: by a sample from its middle."""
    half = array.size // 2
    sample = array.reshape(-1)[max(half - _SAMPLE, 0) : half + _SAMPLE].tobytes()
    return len(zlib.compress(sample, 1)) < _WORTH * len(sample)


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return arrays by name.

    Raises
    ------
    ResultsError
        If the file is missing or damaged.
    """
    with _opened(path) as stored:
        return {name: stored[name] for name in stored.files}


def check_arrays(path: Path) -> None:
    """Look whether a file of arrays is there and whole, without reading them.

    Raises
    ------
    ResultsError
        If it is not.
    """
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[NpzFile]:
    """Yield a file of arrays, none of them read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            yield stored
    except (OSError, ValueError, zipfile.BadZipFile) as fault:
        raise ResultsError(f"{path}: no arrays of results ({fault}); run it again") from fault


def check_folder(folder: Path) -> None:
    """Make a folder, unless it is there, and a file in it for a moment.

    Raises
    ------
    ResultsError
        If nothing can be written there: better known before a run than after it.
    """
    probe = folder / f".{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as fault:
        raise ResultsError(f"{folder}: cannot be written to ({fault.strerror})") from fault


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder at once: filled under another name, synced, renamed.

    Parameters
    ----------
    folder
        Its name; what is there now is replaced when the new one is complete.
    fill
        Writes the files into the folder it is given.

    Raises
    ------
    ResultsError
        If the disk does not take it; what was there stays as it was.
    """
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        fill(draft)
        for path in sorted(draft.rglob("*")):
            _sync(path)
        _sync(draft)
        _replace(draft, folder)
    except OSError as fault:
        raise ResultsError(f"{folder}: could not be written ({fault.strerror})") from fault
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def move_folder(draft: Path, folder: Path) -> None:
    """Give a folder that is complete its name; what was there makes way.

    Raises
    ------
    ResultsError
        If the disk does not take it.
    """
    try:
        for path in sorted(draft.rglob("*")):
            _sync(path)
        _sync(draft)
        _replace(draft, folder)
    except OSError as fault:
        raise ResultsError(f"{folder}: could not be written ({fault.strerror})") from fault


def _replace(draft: Path, folder: Path) -> None:
    """Rename a draft to its name; an older folder makes way and is removed."""
    old = draft.with_suffix(".old")
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
