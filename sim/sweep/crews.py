"""Who works: processes of this machine, or the workers of a Dask cluster.

In: how many, or where. Out: `Crew`: an executor of the standard interface, and what it raises
when a worker is lost. The rest of a sweep does not know which it has.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import ResultsError
from sim.sweep.store import Record
from sim.sweep.work import Order, carry_out, fingerprint

Work = Callable[[Order], list[Record]]


class Crew(NamedTuple):
    """Workers behind the interface of `concurrent.futures`."""

    executor: Executor
    size: int
    work: Work
    """Carries out an order, from a module that the workers can import."""
    lost: tuple[type[BaseException], ...]
    """Raised by the future of an order whose worker died."""
    is_lost_with_one: bool
    """Whether the executor is useless once a worker has died."""


@contextmanager
def local_crew(jobs: int, preload: Sequence[str] = ()) -> Iterator[Crew]:
    """Yield a crew of processes of this machine; they end with this one, however it ends.

    Parameters
    ----------
    jobs
        Processes, at least 1.
    preload
        Modules that are loaded once for all, so that a crew after a lost one is at work at
        once.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["keruen.work", *preload])
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_serve)
    try:
        yield Crew(pool, jobs, carry_out, (BrokenExecutor,), is_lost_with_one=True)
    except KeyboardInterrupt:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _serve() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it: it may have been killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait  # noqa: PLC0415 - of workers alone

    wait([sentinel])
    os._exit(1)


class Keys(NamedTuple):
    """Files of mutual TLS."""

    authority: Path
    certificate: Path
    key: Path


@contextmanager
def cluster_crew(address: str, keys: Keys | None, work: Work) -> Iterator[Crew]:
    """Yield the workers of a Dask cluster that is running.

    Parameters
    ----------
    address
        `tcp://host:port`, or `tls://host:port` with keys.
    keys
        Of mutual TLS.
    work
        Of a module by whose import the workers find the rest.

    Raises
    ------
    ResultsError
        If there is no Dask here, no cluster there, no worker in it, or a worker of another
        version.
    """
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - only when asked for
        from distributed.security import Security  # noqa: PLC0415
    except ImportError as fault:
        raise ResultsError("--cluster needs Dask: install the extra `dist`") from fault
    security = _security(Security, address, keys)
    try:
        connect: Callable[..., Any] = Client
        client = connect(address, security=security, timeout=15, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as fault:
        raise ResultsError(
            f"{address}: no cluster answers ({type(fault).__name__}: {fault})"
        ) from fault
    with client:
        size = len(_checked(client.run(fingerprint), address))
        executor = client.get_executor(pure=False, retries=0)
        try:
            yield Crew(executor, size, work, (KilledWorker,), is_lost_with_one=False)
        finally:
            executor.shutdown(wait=False)


def _security(kind: Callable[..., object], address: str, keys: Keys | None) -> object:
    """Return what Dask wants to know of TLS, None for a plain connection."""
    if address.startswith("tls://") != (keys is not None):
        raise ResultsError(
            f"{address}: tls:// and the three options --tls-ca, --tls-cert, --tls-key go together"
        )
    if keys is None:
        return None
    for path in keys:
        if not path.is_file():
            raise ResultsError(f"{path}: no such file; TLS needs it")
    authority, certificate, key = map(str, keys)
    return kind(
        tls_ca_file=authority,
        tls_client_cert=certificate,
        tls_client_key=key,
        require_encryption=True,
    )


def _checked(found: dict[str, tuple[str, ...]], address: str) -> dict[str, tuple[str, ...]]:
    """Return the workers, all of this version.

    Raises
    ------
    ResultsError
        If there is none, or one differs.
    """
    mine = fingerprint()
    if not found:
        raise ResultsError(f"{address}: the cluster has no workers")
    others = {
        worker: [f"{there}, here {here}" for here, there in zip(mine, its, strict=True)
                 if here != there]
        for worker, its in found.items()
    }  # fmt: skip
    wrong = {worker: words for worker, words in others.items() if words}
    if wrong:
        shown = "\n".join(f"  {worker}: {'; '.join(words)}" for worker, words in wrong.items())
        raise ResultsError(
            f"{address}: {len(wrong)} of {len(found)} workers are of another version; install "
            f"the same Keruen there\n{shown}"
        )
    return found
