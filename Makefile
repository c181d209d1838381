# Thin on purpose: each target is one command that you could type yourself.
.DEFAULT_GOAL := help
.PHONY: help setup test test-fast cover train train-emulated train-remote check lint types mutants harden bench lock clean

BIN := .venv/bin
READY := .venv/.ready
# The first Python here that will do; name another with `make setup PYTHON=...`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv and install the locked versions, if missing or stale

test: $(READY) ## Run the tests
	$(BIN)/pytest -n logical --dist worksteal $(ARGS)

test-fast: $(READY) ## Run the tests that need neither the emulator nor much time
	$(BIN)/pytest -n logical --dist worksteal -m "not emulator and not slow" $(ARGS)

cover: $(READY) ## Run the tests with the coverage gate, 90 % by branches: twice as long
	$(BIN)/pytest -n logical --dist worksteal --cov $(ARGS)

train: $(READY) ## Train on the sample data: metrics, a model version, the customers at risk
	$(BIN)/churn train $(ARGS)

train-emulated: $(READY) ## The whole Snowflake path on a local emulator: setup, load, train, inference in SQL
	$(BIN)/churn sql apply setup --connection emulator
	$(BIN)/churn sql apply load --connection emulator
	$(BIN)/churn doctor --connection emulator
	$(BIN)/churn train --connection emulator $(ARGS)
	$(BIN)/churn sql apply inference --connection emulator

train-remote: $(READY) ## Train in Snowflake, on CHURN_CONNECTION or the default connection
	$(BIN)/churn train --target snowflake $(ARGS)

check: lint types train test train-emulated ## Everything that a pull request must pass

lint: $(READY) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Check the types
	$(BIN)/mypy

mutants: $(READY) ## Plant faults in the engines and see the tests find each
	$(BIN)/python tools/mutants.py $(ARGS)

harden: $(READY) ## Feed the commands bad tables, flags and settings, and kill them, at random
	$(BIN)/python tools/harden.py $(ARGS)

bench: $(READY) ## Measure against what is written by hand, 10 million orders
	$(BIN)/pytest benchmarks --benchmark-only -s $(ARGS)

lock: $(READY) ## Resolve the dependencies again into requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-header --no-annotate --quiet pyproject.toml --output-file requirements.lock $(ARGS)

clean: ## Remove what the tools left, but neither .venv nor the stores in .churn
	rm -rf .benchmarks .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .tox dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found: install one, or name it with PYTHON=..." >&2; exit 1; }
	@echo "Installing the locked versions into .venv (a minute or two, once) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
