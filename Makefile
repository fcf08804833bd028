# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# workers of the test run; much of it is waiting, so there may be more than cores
WORKERS ?= 3

.PHONY: help setup demo test test-full check lint types layers docs unit bench lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## make the virtual environment and install what is pinned

$(STAMP): requirements/dev.txt requirements/policy.txt pyproject.toml
	@echo "setup: virtual environment in $(VENV), packages pinned by hash in requirements/dev.txt"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "drstate needs Python 3.11 or newer; name one: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/policy.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "setup: byte code, so that every command starts in half the time"
	@$(BIN)/python -m compileall -q -j 0 -x '/(tests|pulumi_aws)/' "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" drstate cli > $(VENV)/compile.log 2>&1 || true
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'from drstate.programs.site import preload; preload()'
	@touch $@

demo: setup ## the main job in the sandbox: protect acme/production, prewarm it, fail it over
	@bash scripts/demo.sh

test: check unit ## everything that has to be green: checks, then tests

check: lint types layers docs ## lint, types, import layers, documentation

lint: setup ## style
	@echo "lint: ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: setup ## strict typing
	@echo "types: mypy --strict"
	@$(BIN)/mypy --no-error-summary

layers: setup ## the direction of imports
	@echo "layers: import-linter"
	@$(BIN)/lint-imports --no-logo > $(VENV)/layers.log 2>&1 || { cat $(VENV)/layers.log; exit 1; }

docs: setup ## links and generated parts of the documentation
	@echo "docs: links, generated tables, command names"
	@$(BIN)/python scripts/check_docs.py
	@$(BIN)/python scripts/technologies.py --check

unit: setup ## the tests, in parallel and in any order
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

test-full: check ## make test, with what takes long: kills and faults at every call, all technologies together
	@DRSTATE_FULL_TESTS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

bench: setup ## medians of the commands people wait for, and where the time goes
	@$(BIN)/python scripts/bench.py

lock: setup ## pin the newest allowed packages by hash (needs uv)
	@uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --extra sandbox --extra ontap pyproject.toml requirements/dev.in \
	  -o requirements/dev.txt
	@$(BIN)/python scripts/lock_run.py

clean: ## remove what was built; the sandbox must be stopped first
	@rm -rf $(VENV) .drstate .pytest_cache .mypy_cache .ruff_cache
