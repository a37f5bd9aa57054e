# Two commands do everything: `make bench` runs the main job, `make test` runs the tests.
# Each sets up what it needs in .venv first; PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: bench test lint format engines clean help

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

bench: $(VENV)/.bench  ## set up, then compare k-means backends on three data sets (a minute and a half on two cores)
	$(BIN)/kmbench run

test: $(VENV)/.dev  ## set up, then run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.dev  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## let ruff mend and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

engines: $(VENV)/.bench  ## numpy-lloyd against scikit-learn and FAISS at four sizes, one and two threads
	$(BIN)/kmbench run benchmarks/engines.toml

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("kmbench needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,files]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,files,dev]'
	@touch $@ $(VENV)/.bench
