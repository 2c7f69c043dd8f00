# make demo    the spec's programs against a local SCF
# make test    what a change can break: every test but the long ones; ROOM=scheduler or TESTS=tests/_core for a part
# make test-fast  the rooms that start no server, with few examples of each property: seconds, after every save
# make coverage   the lines and branches that make test runs, by package; fails under the floor in pyproject.toml
# make proof   what proves at length: full campaigns, repeated kills, installations, the demo in a fresh clone
# make soak    the fault campaigns alone, with CALLS calls
# make soak-local  the local SCF under load, saves, events and kill -9 for MINUTES
# make bench   side by side with peers and the floor, into benchmarks/RESULTS.md; QUICK=1 for a rough look
# make bench-local  the local SCF beside functions-framework, into benchmarks/LOCAL.md; QUICK=1 for a rough look
# make matrix  the SDK's tests from the wheel, on every Python from 3.6 that is at hand
# make check   style, types, public API, import law, budgets, package
#
# Each sets up .venv where it is missing. PYTHON names the interpreter that makes it (3.10 or later).
# JOBS says how many tests run at once, TESTS which ones, by path; ROOM by the name of a folder or of a tested module.

PYTHON ?= python3
# Half of what the tests do is to wait: two for each core.
JOBS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
TESTS ?=
ROOM ?=
CALLS ?= 200000
MINUTES ?= 60
QUICK ?=

VENV_PYTHON := .venv/bin/python
PACKAGE := src/tencentserverless
# What runs on Python 3.6 (a test imports it there, which judges unquoted annotations too): all but the rooms of 3.10, whose entry modules still have to load there.
OLD_ROOMS = $(shell find $(PACKAGE) -name '*.py' -not -path '$(PACKAGE)/local/*' -not -path '$(PACKAGE)/testing/*' -not -path '$(PACKAGE)/cli/*') \
	$(wildcard $(PACKAGE)/cli/__init__.py $(PACKAGE)/cli/main.py $(PACKAGE)/testing/__init__.py $(PACKAGE)/testing/plugin.py)
# Asked for before they are used; Protocol is for type checkers alone.
GUARDED := --exclude os.register_at_fork --exclude ssl.SSLContext.minimum_version --exclude ssl.TLSVersion --exclude typing.Protocol \
	--exclude contextvars --exclude contextvars.ContextVar --exclude mmap.mmap.madvise
NEW_ROOMS := ^$(PACKAGE)/(local|cli|testing)/
CHILD_SIDE := ^$(PACKAGE)/local/worker/(bootstrap|context|frames|library)\.py$$

.PHONY: demo test test-fast coverage proof soak soak-local bench bench-local matrix check style types law package

demo: .venv/.local-installed
	@$(VENV_PYTHON) examples/demo.py

# Tests start hundreds of processes. Where the environment forbids to write bytecode, each would compile the sources anew,
# and pytest would rewrite all tests in each of its workers, and hypothesis in each pytest that a test starts.
test test-fast coverage proof soak: export PYTHONDONTWRITEBYTECODE =

PYTEST = $(VENV_PYTHON) -m pytest -n $(JOBS) --maxprocesses 8 --dist worksteal

test: .venv/.dev-installed
	@$(VENV_PYTHON) -m compileall -q src
	@tests="$(TESTS)"; if [ -n "$(ROOM)" ]; then tests=$$($(VENV_PYTHON) tools/room.py "$(ROOM)") || exit 2; fi; \
	set -x; $(PYTEST) $$tests

# What starts no server. Nor does test_packages.py, but it unpacks a thousand archives on the disk.
FAST_TESTS = tests/_core $(filter-out %/test_packages.py,$(wildcard tests/local/registry/test_*.py)) \
	$(addprefix tests/local/scheduler/,test_plan.py test_plan_machine.py test_quota.py test_retries.py) \
	tests/local/worker/test_frames.py tests/test_models.py tests/test_exception.py tests/house/test_budgets.py

test-fast: .venv/.dev-installed
	@HYPOTHESIS_PROFILE=fast $(VENV_PYTHON) -m pytest -q -n logical --maxprocesses 4 --dist worksteal $(FAST_TESTS)

coverage: .venv/.dev-installed
	@$(VENV_PYTHON) tools/branch_coverage.py -q -n $(JOBS) --maxprocesses 4 --dist worksteal

proof: .venv/.dev-installed
	@$(VENV_PYTHON) -m compileall -q src
	HYPOTHESIS_PROFILE=full SOAK_CALLS=12000 SOAK_KILLS=5 $(PYTEST) -m "proof or campaign"

soak: .venv/.dev-installed
	@$(VENV_PYTHON) -m compileall -q src
	SOAK_CALLS=$(CALLS) $(PYTEST) -m campaign tests/proof tests/local/test_map.py

soak-local: .venv/.dev-installed
	@$(VENV_PYTHON) -m tests.proof.local_soak $(MINUTES)

bench: .venv/.dev-installed
	@$(VENV_PYTHON) -m benchmarks $(if $(QUICK),--quick)

bench-local: .venv/.dev-installed
	@$(VENV_PYTHON) -m benchmarks.local $(if $(QUICK),--quick)

matrix: .venv/.dev-installed
	@$(VENV_PYTHON) tools/matrix.py

check: style types law package

style: .venv/.dev-installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/vermin -t=3.6- --violations --quiet --no-tips --no-parse-comments $(GUARDED) $(OLD_ROOMS)

types: .venv/.dev-installed
	.venv/bin/mypy --platform linux $(PACKAGE) tools
	.venv/bin/mypy --platform darwin --exclude '$(NEW_ROOMS)' $(PACKAGE)
	.venv/bin/mypy --platform win32 --exclude '$(NEW_ROOMS)' $(PACKAGE)
	$(VENV_PYTHON) tools/public_api.py

law: .venv/.dev-installed
	.venv/bin/lint-imports --no-cache
	$(VENV_PYTHON) tools/budgets.py
	$(VENV_PYTHON) tools/mirror.py
	$(VENV_PYTHON) tools/delivery_tables.py --check

package: .venv/.dev-installed
	$(VENV_PYTHON) tools/check_package.py

.venv/.local-installed: setup.cfg pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON); name one: make demo PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/make_venv.py local

.venv/.dev-installed: setup.cfg pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON); name one: make test PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/make_venv.py dev
