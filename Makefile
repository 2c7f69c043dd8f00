# make demo    the spec's programs against a local SCF
# make test    every test but the long ones; ROOM=scheduler or TESTS=tests/_core for a part
# make test-fast  the tests that start no server, with few examples of each property: seconds, after every save
# make coverage   the lines and branches that make test runs, by package; fails under the floor in pyproject.toml
# make proof   the long proofs: full campaigns, repeated kills, installations, the demo in a fresh clone
# make soak    the fault campaigns alone, with CALLS calls
# make soak-local  the local SCF under load, saves, events and kill -9 for MINUTES
# make walk-local  STEPS=20000 random steps over the local SCF against a model, with SEED=1, of WALK=folder or WALK=events
# make bench   side by side with peers and the floor, into benchmarks/RESULTS.md, with plots in docs/images;
#              QUICK=1 for a rough look, without them
# make bench-local  the local SCF beside functions-framework, into benchmarks/LOCAL.md, in the same way; QUICK=1 as above,
#                   BASE=COMMIT for the build of a commit beside today's
# make docs    the site in both languages, into site; LANGUAGES=en for one of them
# make docs-catalogues  the sentences of the pages, into the Chinese catalogues of docs/locales
# make recordings   pictures of the tour, docs/start/tour.md, from a real run in terminals, into docs/images
# make screenshots  pictures of the dashboard's pages in both languages, light and dark, into docs/images
# make matrix  the SDK's tests from the wheel, on every Python from 3.6 that is at hand
# make check   style, types, public API, import law, budgets, plain words, package
#
# Each sets up .venv where it is missing. PYTHON names the interpreter that makes it (3.10 or later).
# JOBS is the number of tests at once, TESTS are paths of tests; ROOM by the name of a folder or of a tested module.

PYTHON ?= python3
# The tests wait for half of their time: two for each core.
JOBS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
TESTS ?=
ROOM ?=
CALLS ?= 200000
MINUTES ?= 60
QUICK ?=
LANGUAGES ?=

VENV_PYTHON := .venv/bin/python
PACKAGE := src/tencentserverless
# The modules that run on Python 3.6, where a test imports them: all but the packages of 3.10, whose entry modules still
# have to load there.
OLD_SOURCES = $(shell find $(PACKAGE) -name '*.py' -not -path '$(PACKAGE)/local/*' -not -path '$(PACKAGE)/testing/*' -not -path '$(PACKAGE)/cli/*') \
	$(wildcard $(PACKAGE)/cli/__init__.py $(PACKAGE)/cli/main.py $(PACKAGE)/cli/exits.py $(PACKAGE)/cli/extras.py \
	$(PACKAGE)/cli/output/__init__.py $(PACKAGE)/cli/output/printing.py $(PACKAGE)/cli/output/translation.py $(PACKAGE)/testing/__init__.py $(PACKAGE)/testing/plugin.py)
# Asked for before they are used; Protocol and TypeGuard are for type checkers alone.
GUARDED := --exclude os.register_at_fork --exclude ssl.SSLContext.minimum_version --exclude ssl.TLSVersion --exclude typing.Protocol \
	--exclude contextvars --exclude contextvars.ContextVar --exclude mmap.mmap.madvise --exclude typing.TypeGuard --exclude typing.Literal --exclude typing.TypedDict
# The places whose words tools/words.py checks.
PLAIN_PLACES := src tools benchmarks examples docs README.md CONTRIBUTING.md SECURITY.md
# The packages that do not run on Windows.
POSIX_PACKAGES := ^$(PACKAGE)/(local|testing)/
CHILD_SIDE := ^$(PACKAGE)/local/worker/child/(__init__|bootstrap|context|debugger|frames|isolation|lazy_stdlib|own_writes|payloads|port_filter|site_shim|trust|web_launcher)\.py$$

.PHONY: demo test test-fast coverage proof soak soak-local walk-local bench bench-local recordings screenshots docs docs-catalogues matrix check style types law package

demo: .venv/.local-installed
	@$(VENV_PYTHON) examples/demo.py

# Tests start hundreds of processes. Where the environment forbids to write bytecode, each would compile the sources anew,
# and pytest would rewrite all tests in each of its workers, and hypothesis in each pytest that a test starts.
test test-fast coverage proof soak walk-local: export PYTHONDONTWRITEBYTECODE =

PYTEST = $(VENV_PYTHON) -m pytest -n $(JOBS) --maxprocesses 8 --dist worksteal

test: .venv/.dev-installed
	@$(VENV_PYTHON) -m compileall -q src
	@tests="$(TESTS)"; if [ -n "$(ROOM)" ]; then tests=$$($(VENV_PYTHON) tools/room.py "$(ROOM)") || exit 2; fi; \
	set -x; $(PYTEST) $$tests

# The tests that start no server. test_packages.py is not among them: it unpacks a thousand archives on the disk.
FAST_TESTS = tests/_core $(filter-out %/test_packages.py,$(wildcard tests/local/registry/test_*.py)) \
	$(addprefix tests/local/scheduler/,test_decisions.py test_decisions_machine.py test_admission.py) tests/local/invocations/test_retry.py \
	tests/local/worker/child/test_frames.py tests/test_models.py tests/test_exception.py tests/house/test_budgets.py

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

walk-local: .venv/.dev-installed
	@$(VENV_PYTHON) -m tests.proof.local_machines $(or $(STEPS),20000) $(or $(SEED),1) $(WALK)

bench: .venv/.dev-installed
	@$(VENV_PYTHON) -m benchmarks $(if $(QUICK),--quick)

bench-local: .venv/.dev-installed
	@$(VENV_PYTHON) -m benchmarks.local $(if $(QUICK),--quick) $(if $(BASE),--base $(BASE))

recordings: .venv/.dev-installed
	@$(VENV_PYTHON) -m tools.recording docs/images

screenshots: .venv/.dev-installed
	@$(VENV_PYTHON) -m tests.browser.screenshots docs/images

docs: .venv/.docs-installed
	@$(VENV_PYTHON) -m tools.website.build $(LANGUAGES)

docs-catalogues: .venv/.docs-installed
	@$(VENV_PYTHON) -m tools.website.catalogues

matrix: .venv/.dev-installed
	@$(VENV_PYTHON) tools/matrix.py

check: style types law package

style: .venv/.dev-installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/vermin -t=3.6- --violations --quiet --no-tips --no-parse-comments $(GUARDED) $(OLD_SOURCES)

types: .venv/.dev-installed
	.venv/bin/mypy --platform linux $(PACKAGE) tools
	.venv/bin/mypy --platform darwin --exclude '$(POSIX_PACKAGES)' $(PACKAGE)
	.venv/bin/mypy --platform win32 --exclude '$(POSIX_PACKAGES)' $(PACKAGE)
	$(VENV_PYTHON) tools/public_api.py

law: .venv/.dev-installed
	.venv/bin/lint-imports --no-cache
	$(VENV_PYTHON) tools/budgets.py
	$(VENV_PYTHON) tools/mirror.py
	$(VENV_PYTHON) tools/page_tables.py --check
	$(VENV_PYTHON) -m tools.website.generated --check
	$(VENV_PYTHON) tools/words.py $(PLAIN_PLACES)

package: .venv/.dev-installed
	$(VENV_PYTHON) tools/check_package.py

.venv/.local-installed: setup.cfg pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON); name one: make demo PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/make_venv.py local

.venv/.docs-installed: setup.cfg pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON); name one: make docs PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/make_venv.py docs

.venv/.dev-installed: setup.cfg pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON); name one: make test PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/make_venv.py dev
