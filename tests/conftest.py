"""What holds for the whole suite."""

from importlib import import_module

import pytest
from hypothesis import settings

# The same examples every time, so that a failure is everybody's; a busy machine is no failure.
settings.register_profile("keruen", deadline=None, derandomize=True, database=None)
settings.load_profile("keruen")


@pytest.fixture(params=["engine", "kernel"])
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module's tests run with every engine in the place of its `run_drawn`."""
    if request.param == "kernel":
        pytest.importorskip("numba")
    run = import_module(f"sim.{request.param}.run")
    monkeypatch.setattr(request.module, "run_drawn", run.run_drawn)
