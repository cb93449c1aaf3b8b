"""The name of a run: the same question has the same id, and any change of it another.

In: the resolved scenario, the network's files, seed, replications. Out: `Identity`. The
engine's name is not in it, because all engines give the same figures.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sim.version import VERSION

_ROOT = Path(__file__).resolve().parents[2]
_ID_LENGTH = 12


class Identity(NamedTuple):
    """What a run is, as hashes."""

    scenario: str
    """Name of the scenario: the folder of its runs."""
    run_id: str
    """12 hexadecimal digits."""
    scenario_hash: str
    network_hash: str
    code_hash: str
    seed: int
    replications: int


def identify(
    name: str, resolved: str, network_folder: Path | None, *, seed: int, replications: int
) -> Identity:
    """Return what a run is called.

    Parameters
    ----------
    name
        Of the scenario.
    resolved
        Text of the resolved scenario, with all rows of its own.
    network_folder
        Folder of the tables it builds on; None: it brings all its rows.
    seed, replications
        Of the experiment.
    """
    tables = sorted(network_folder.rglob("*.csv")) if network_folder else []
    scenario_hash = _hash([("scenario", resolved.encode())])
    network_hash = hash_files(network_folder, tables) if network_folder else _hash([])
    code = code_hash()
    parts = (scenario_hash, network_hash, code, str(seed), str(replications))
    run_id = _hash((str(i), part.encode()) for i, part in enumerate(parts))[:_ID_LENGTH]
    return Identity(name, run_id, scenario_hash, network_hash, code, seed, replications)


def compare_id(base: str, other: str) -> str:
    """Return the id of the comparison of two runs."""
    return _hash([("base", base.encode()), ("scenario", other.encode())])[:_ID_LENGTH]


def code_hash() -> str:
    """Return the hash of the version and of every module of `sim` and `network`."""
    files = sorted(p for room in ("sim", "network") for p in (_ROOT / room).rglob("*.py"))
    return _hash([("version", VERSION.encode()), ("files", hash_files(_ROOT, files).encode())])


def hash_files(folder: Path, files: Iterable[Path]) -> str:
    """Return the hash of files by their paths inside a folder and their contents."""
    return _hash((file.relative_to(folder).as_posix(), file.read_bytes()) for file in files)


def _hash(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 of named parts; lengths keep neighbours apart."""
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(f"{len(name)} {name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()
