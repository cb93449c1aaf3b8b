"""A sweep on a Dask cluster of this machine: the same bytes, over TCP and mutual TLS."""

import datetime as dt
import ipaddress
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from test_sweep import SMALL, plan, written

from keruen.work import carry_out
from sim.errors import ResultsError
from sim.kernel.run import run
from sim.sweep.conduct import Plan, Progress
from sim.sweep.crews import Keys, cluster_crew
from sim.sweep.folder import obtain
from sim.sweep.points import points
from sim.sweep.work import Job, Order, fingerprint

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("distributed", reason="the extra `dist` is not installed")


class Cluster(NamedTuple):
    """A scheduler and its workers, as processes."""

    address: str
    workers: list[subprocess.Popen[str]]


def dask(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@contextmanager
def cluster(workers: int, keys: Keys | None = None) -> Iterator[Cluster]:
    """Yield a cluster on the loopback interface; its processes are ended."""
    tls = []
    if keys is not None:
        authority, certificate, key = map(str, keys)
        tls = ["--tls-ca-file", authority, "--tls-cert", certificate, "--tls-key", key]
    scheme = "tcp" if keys is None else "tls"
    started = [dask("scheduler", "--host", f"{scheme}://127.0.0.1", "--port", "0",
                    "--dashboard-address", "127.0.0.1:0", "--no-dashboard", *tls)]  # fmt: skip
    try:
        address = heard(started[0], rf"Scheduler at:\s+({scheme}://\S+)")
        words = ["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"]
        words += ["--no-dashboard", "--local-directory", str(ROOT / ".pytest_cache"), *tls]
        started += [dask(*words) for _ in range(workers)]
        for worker in started[1:]:
            heard(worker, r"(Registered to:.*)")
        yield Cluster(address, started[1:])
    finally:
        for process in reversed(started):
            process.kill()
            process.communicate()


def heard(process: subprocess.Popen[str], pattern: str) -> str:
    """Return what a process says that fits, waiting for it."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        match = re.search(pattern, line)
        if match:
            return match[1]
    raise AssertionError("".join(said))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Return one certificate that is its own authority, for 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "keruen test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(secret, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "cert.pem").write_bytes(public)
    (folder / "key.pem").write_bytes(private)
    return Keys(folder / "cert.pem", folder / "cert.pem", folder / "key.pem")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("local")
    obtain(points(SMALL), folder, plan(2), now_s=time.time)
    return written(folder)


def on(address: str, keys: Keys | None = None) -> Plan:
    crew = partial(cluster_crew, address, keys, carry_out)
    return Plan(crew, run, time.perf_counter, lambda _: None)


@pytest.mark.parametrize("is_secret", [False, True], ids=["tcp", "tls"])
def test_cluster_gives_the_same_bytes(
    keys: Keys, local: dict[str, bytes], tmp_path: Path, *, is_secret: bool
) -> None:
    mine = keys if is_secret else None
    with cluster(2, mine) as running:
        found = obtain(points(SMALL), tmp_path, on(running.address, mine), now_s=time.time)

        if is_secret:
            with (
                pytest.raises(ResultsError, match="no cluster answers"),
                cluster_crew(running.address.replace("tls", "tcp"), None, carry_out),
            ):
                pass

    assert found.state.progress == (18, 18, 0)
    assert written(tmp_path) == local


def test_worker_that_is_killed_costs_nothing_but_time(
    local: dict[str, bytes], tmp_path: Path
) -> None:
    with cluster(2) as running:

        def kill(progress: Progress) -> None:
            if progress.done >= 4:
                running.workers[0].kill()

        killing = on(running.address)._replace(tell=kill)
        found = obtain(points(SMALL), tmp_path, killing, now_s=time.time)

    assert running.workers[0].returncode == -signal.SIGKILL
    assert found.state.progress == (18, 18, 0)
    assert written(tmp_path) == local


def test_cluster_without_workers_or_without_anyone_is_refused() -> None:
    with (
        cluster(0) as running,
        pytest.raises(ResultsError, match="the cluster has no workers"),
        cluster_crew(running.address, None, carry_out),
    ):
        pass
    with (
        pytest.raises(ResultsError, match="no cluster answers"),
        cluster_crew(running.address, None, carry_out),
    ):
        pass


def test_tls_and_its_keys_go_together(tmp_path: Path) -> None:
    missing = Keys(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    for address, given in (("tls://127.0.0.1:1", None), ("tcp://127.0.0.1:1", missing)):
        with (
            pytest.raises(ResultsError, match="go together"),
            cluster_crew(address, given, carry_out),
        ):
            pass
    with (
        pytest.raises(ResultsError, match="no such file; TLS needs it"),
        cluster_crew("tls://127.0.0.1:1", missing, carry_out),
    ):
        pass


def test_fingerprint_names_code_data_and_arithmetic() -> None:
    names = [part.split()[0] for part in fingerprint()]

    assert names == ["code", "network", "python", "numpy", "scipy"]


def test_work_of_the_package_is_that_of_the_room() -> None:
    made = points(SMALL)
    job = Job(made.keys[0], made.scenarios[made.keys[0]], (0,))

    (record,) = carry_out(Order((job,), run, (), time.perf_counter))

    assert record[:3] == (made.keys[0], 0, "done")
