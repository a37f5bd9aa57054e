# Two commands do everything: `make bench` runs the main job, `make test` runs the tests.
# Each sets up what it needs in .venv first; PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# The CPU build of torch for its tests: the usual one brings gigabytes of CUDA libraries.
TORCH ?= torch==2.13.0+cpu

WHEELHOUSE := .asv/wheelhouse
# With a wheelhouse (`make wheelhouse`) asv's environments are made without a network.
ASV := $(if $(wildcard $(WHEELHOUSE)),PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=$(CURDIR)/$(WHEELHOUSE)) $(BIN)/asv
MACHINE = $(shell $(BIN)/python benchmarks/tools/machine.py)
PINNED = $(shell $(BIN)/python benchmarks/tools/environments.py pinned)
# What `make asv-history` measures: commits since the last that has results; COMMITS=v1..v2 and the like replace it.
COMMITS ?= NEW

# Test files run side by side in so many processes; none of them asserts a speed.
PROCESSES ?= 3

# Names the folder of a long study's records, and how long one call of it takes.
HOST ?= this-host
MINUTES ?= 10
SLICE_SAYS = case $$code in 3) echo "not finished: call again for the next slice";; 0) echo "finished";; *) exit $$code;; esac

.PHONY: leaderboard trainers claims
.PHONY: bench test lint format engines scaling comparison reports clean help asv asv-quick asv-history asv-existing
.PHONY: asv-site history wheelhouse gate docs docs-serve docs-outputs

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

bench: $(VENV)/.bench  ## set up, then compare k-means backends on three data sets (a minute on two cores)
	$(BIN)/kmbench run

test: $(VENV)/.dev  ## set up, then run the tests
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder $(OPTIONS)

lint: $(VENV)/.dev  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## let ruff fix and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

engines: $(VENV)/.engines  ## numpy-lloyd against the exact engines on seven shapes, one and two threads (twenty minutes)
	$(BIN)/kmbench run benchmarks/engines.toml

scaling: $(VENV)/.bench  ## time and memory against rows, columns, clusters and threads (a quarter of an hour)
	$(BIN)/kmbench run benchmarks/scaling.toml

comparison: $(VENV)/.bench  ## all engines on three data sets (about eight minutes)
	$(BIN)/kmbench run benchmarks/comparison.toml

# Long studies go in slices: each call measures MINUTES and renders the page of what there is; call until none is left.
leaderboard: $(VENV)/.engines  ## the next slice of all CPU engines on ten cases, three protocols, and the page
	$(BIN)/python benchmarks/tools/long_study.py benchmarks/leaderboard.toml results/leaderboard/$(HOST) --minutes $(MINUTES); \
	  code=$$?; $(BIN)/python benchmarks/tools/leaderboard.py results/leaderboard/$(HOST) --output reports/which-engine-$(HOST); \
	  $(SLICE_SAYS)

trainers: $(VENV)/.engines  ## the next slice of what to train an IVF index with, and the page
	$(BIN)/python benchmarks/tools/long_study.py benchmarks/trainers.toml results/trainers/$(HOST) --minutes $(MINUTES); \
	  code=$$?; $(BIN)/python benchmarks/tools/trainers.py results/trainers/$(HOST) --output reports/what-to-train-$(HOST); \
	  $(SLICE_SAYS)

claims: $(VENV)/.engines  ## the next slice of published claims put to the test, and the page of verdicts
	$(BIN)/python benchmarks/tools/claims.py measure --host $(HOST) --minutes $(MINUTES); code=$$?; \
	  $(BIN)/python benchmarks/tools/claims.py page --host $(HOST); $(SLICE_SAYS)

reports: $(VENV)/.bench  ## write the pages of all committed runs under results/ again, into reports/
	$(BIN)/kmbench gallery results --output reports

gate: $(VENV)/.dev  ## has the last commit made anything slower, larger or worse? (BASE=main compares with that)
	$(BIN)/kmbench gate $(or $(BASE),HEAD~1) HEAD --no-build-isolation

wheelhouse: $(VENV)/.dev  ## fetch what asv's environments need, so that they can be built offline
	$(BIN)/python benchmarks/tools/environments.py fetch $(WHEELHOUSE)

asv-quick: $(VENV)/.dev  ## every asv benchmark once, in the pinned environment; nothing is stored
	KMBENCH_ASV_DRY=1 $(ASV) run 'HEAD^!' --env $(PINNED) --machine $(MACHINE) --quick --dry-run --show-stderr --launch-method spawn

asv: $(VENV)/.dev  ## measure this commit in the pinned environment, into results/asv
	$(ASV) run 'HEAD^!' --env $(PINNED) --machine $(MACHINE) --record-samples --show-stderr

asv-history: $(VENV)/.dev  ## measure COMMITS (default: those without results) in all environments
	$(ASV) run '$(COMMITS)' --machine $(MACHINE) --record-samples --skip-existing-commits --show-stderr

asv-existing: $(VENV)/.dev  ## measure this commit with the libraries of .venv as they are, such as on a GPU host
	$(BIN)/python benchmarks/tools/existing.py --show-stderr

asv-site: $(VENV)/.dev  ## render results/asv into reports/asv, a site that needs no network
	$(ASV) publish
	$(BIN)/asv-tachyon install reports/asv --no-backup
	$(BIN)/python benchmarks/tools/lower_is_better.py reports/asv

history: $(VENV)/.bench  ## the page about results/asv: what changed over the commits, and what other versions cost
	$(BIN)/kmbench history

docs: $(VENV)/.dev  ## the documentation site, into docs/_build; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -j auto docs docs/_build
	@echo "site     docs/_build/index.html"

docs-serve: docs  ## the site on http://127.0.0.1:8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/_build 8000

docs-outputs: $(VENV)/.bench  ## run the short commands whose output stands in the documents, and write it in
	$(BIN)/python benchmarks/tools/docs_outputs.py

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist docs/_build docs/reference/generated docs/tutorials/generated .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("kmbench needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,files,images]'
	@touch $@

$(VENV)/.engines: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,engines,files,images]'
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt '$(TORCH)' fastkmeans \
	  || echo "no index here has $(TORCH): torch and fastkmeans become rows that say so"
	@touch $@ $(VENV)/.bench

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,engines,files,images,docs,dev]'
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt '$(TORCH)' fastkmeans \
	  || echo "no index here has $(TORCH): the tests of torch and fastkmeans are skipped (TORCH=torch takes any build)"
	@touch $@ $(VENV)/.bench
