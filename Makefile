# Each target installs what it needs. Required: Python 3.11 or newer, git and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

VENV := .venv
PYTHON := $(VENV)/bin/python
WORKERS ?= auto
PYTEST := $(PYTHON) -m pytest -n $(WORKERS) --dist loadgroup

# Variables of the user's shell must not change what is installed or how it runs.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV NODE_ENV NODE_OPTIONS
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1
# What is rendered here must not depend on the developer's own defaults.
export SCAFFOLD_NO_USER_DEFAULTS := 1

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

.PHONY: demo
demo: $(VENV)/.$(if $(ARGS),test,demo) ## create a project, test it, start it, use it; other answers: make demo ARGS="--auth session"
	@$(PYTHON) -m tools.demo $(ARGS)

.PHONY: live
live: $(VENV)/.test ## edit the template as a live project; other answers: make live ANSWERS="--database postgres"
	@$(PYTHON) -m tools.live run $(ANSWERS)

.PHONY: live-back
live-back: $(VENV)/.test ## copy the edits of the live project back into template/
	@$(PYTHON) -m tools.live back

.PHONY: test
test: $(VENV)/.test lint try-scanners ## all tests of this repository, on real servers
	@$(PYTEST)

.PHONY: lint
lint: $(VENV)/.test ## ruff and mypy over the Python code
	@echo "ruff, mypy"
	@$(PYTHON) -m ruff check --quiet
	@$(PYTHON) -m ruff format --check --quiet
	@$(PYTHON) -m mypy --no-error-summary

.PHONY: matrix
matrix: $(VENV)/.test ## slow tests: all other variants of the project, hundreds of killed commands
	@$(PYTEST) -m matrix tests

.PHONY: mutations
mutations: $(VENV)/.test ## remove each control; its attack must succeed; one control: make mutations ONLY=cors-allowlist
	@$(if $(ALL)$(ONLY),SCAFFOLD_MUTATION_SHARE=1) $(PYTEST) -m mutation tests/mutation $(if $(ONLY),-n 0 -k '$(ONLY)')

.PHONY: mutants
mutants: $(VENV)/.test ## change the project's code at random places and see what notices: make mutants COUNT=30 SEED=1
	@$(PYTHON) -m tests.mutants typescript $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(LOG),--log $(LOG))

.PHONY: mutants-python
mutants-python: $(VENV)/.test ## the same for the modules of scaffold/ that write, merge and put back
	@$(PYTHON) -m tests.mutants python $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(LOG),--log $(LOG))

.PHONY: containers
containers: $(VENV)/.test scanners ## build and run the image and the compose file; .ci/containers-setup installs the engine
	@$(PYTHON) -m pytest -m containers tests/deploy/container

.PHONY: scanners
scanners: $(VENV)/.test ## install the security scanners and the driver of the browser that tests run on a project
	@$(PYTHON) -m tools.scanners

# Without the scanners their tests are skipped; in CI they fail.
.PHONY: try-scanners
try-scanners: $(VENV)/.test
	@$(PYTHON) -m tools.scanners || true

.PHONY: check-all
check-all: test matrix mutations containers ## test, matrix, mutations and containers

.PHONY: benchmarks
benchmarks: $(VENV)/.test ## measure speed, size and memory side by side
	@$(PYTHON) -m benchmarks.run --write

.PHONY: lockfile
lockfile: $(VENV)/.test ## resolve the template's dependencies after a change of package.json.jinja
	@$(PYTHON) -m tools.lockfile

.PHONY: format
format: $(VENV)/.test ## format the code of the template with the Prettier of a rendered project
	@$(PYTHON) -m tools.format

.PHONY: walk
walk: $(VENV)/.test ## run the commands of docs/walk.md and record what they print
	@$(PYTHON) -m tools.walk

.PHONY: common-passwords
common-passwords: $(VENV)/.test ## generate the project's list of stolen passwords
	@$(PYTHON) -m tools.common_passwords

.PHONY: clean
clean: ## remove what the other targets created, except live/
	rm -rf $(VENV) demo dist build .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache

# The stamp is created last, so an interrupted installation is repeated.
$(VENV)/.demo $(VENV)/.test: $(VENV)/.%: pyproject.toml | $(PYTHON)
	@echo "installing what 'make $*' needs into $(VENV)"
	@$(PYTHON) -m pip install --quiet --editable '.[$*]'
	@touch $@

$(PYTHON):
	@for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making $(VENV) with $$($$python --version)"; \
	    rm -rf $(VENV); \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Python 3.11 or newer is needed; python3 here is: $$(python3 --version 2>&1)" >&2; \
	exit 1
