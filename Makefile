# Set-up, the main job, the tests. Everything happens in .venv; the system is left alone.
#   make run     compare the 2028 baseline with the Ayagoz–Tacheng line
#   make test    lint, types, the rules of the house, both engines, the built wheel
#   make verify  the long proofs
#   make bench   CPU time and memory of the engines, as in docs/performance.md

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
READY  := $(VENV)/.ready
WARM   := $(VENV)/.warm
RIVALS := .venv-bench

BASE         ?= scenarios/baseline-2028.yaml
SCENARIO     ?= scenarios/ayagoz-tacheng.yaml
ENGINE       ?= auto
# The reference engine is fifty times slower, so it makes two replications, in lots of 10 TEU:
# they fill every train; greater ones leave up to a seventh of some empty.
RUN_OPTIONS  ?= --jobs 2 --engine $(ENGINE) --set keep.modes=[rail] \
                $(if $(filter simpy,$(ENGINE)),--set demand.lot_teu=10 --replications 2,--replications 10)
TEST_OPTIONS ?= -q -n 2 --dist loadfile

.PHONY: setup run test verify bench clean

setup: $(READY) $(WARM)

# Runs when the lock or the configuration has changed since it last ran to its end.
$(READY): requirements.lock pyproject.toml hatch_build.py
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Keruen needs Python 3.11 or newer, and there is no '$(PYTHON)' here."; \
	  echo "On Debian and Ubuntu: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Keruen needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version)."; \
	  echo "Name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv has no pip to put into a new environment."; \
	  echo "On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@test -x $(BIN)/pip || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing what requirements.lock names ..."
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Machine code of the compiled engine, made by running it beside the reference engine, which
# stands in for it where it cannot be made. numba keeps it under NUMBA_CACHE_DIR, if that is set.
$(WARM): $(READY) $(wildcard sim/kernel/*.py) sim/plan.py
	@echo "Compiling the fast engine, once (about a minute) ..."
	@$(BIN)/keruen verify-engines small-corridor --days 1 >/dev/null && touch $@ || \
	  echo "It does not work here; --engine simpy does, and is slower."

run: setup
	$(BIN)/keruen compare $(BASE) $(SCENARIO) $(RUN_OPTIONS)

test: setup
	@$(BIN)/python -m pytest $(TEST_OPTIONS)

verify: setup
	@$(BIN)/python -m pytest -m verify --timeout 5400 $(TEST_OPTIONS)

# Engines of others have an environment of their own; without them the rest is measured.
$(RIVALS)/.ready: requirements-bench.lock
	@test -x $(RIVALS)/bin/pip || $(PYTHON) -m venv $(RIVALS)
	@$(RIVALS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
	  --requirement requirements-bench.lock
	@touch $@

# All of it runs, whatever the first part finds.
bench: setup
	@$(MAKE) --no-print-directory $(RIVALS)/.ready 2>/dev/null || true
	@test -f $(RIVALS)/.ready && rivals="--rivals $(RIVALS)/bin/python"; ended=0; \
	  $(BIN)/python benchmarks/bench.py $$rivals || ended=1; \
	  $(BIN)/python benchmarks/growth.py || ended=1; \
	  $(BIN)/python benchmarks/rules.py || ended=1; \
	  $(BIN)/python benchmarks/small.py || ended=1; \
	  $(BIN)/python benchmarks/corridor_growth.py --days 2 || ended=1; \
	  $(BIN)/python benchmarks/corridor.py || ended=1; exit $$ended

clean:
	rm -rf $(VENV) $(RIVALS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
