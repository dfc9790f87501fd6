# Two commands for a fresh machine: `make run` and `make test`. Each sets up what it needs and nothing more.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run test test-local test-slow lint mutants readme schemas benchmarks clean

run: $(VENV)/.core  ## set up, then run the embedded default on the comprehensive suite
	@$(BIN)/brie-bench run suites/comprehensive57

test: $(VENV)/.test lint  ## set up what the tests need (no torch, no browser), check the code and run them
	$(BIN)/python -m pytest -n auto

test-local: $(VENV)/.local  ## what trl and datasets make of an export, with torch
	HF_HOME=$(VENV)/hf $(BIN)/python -m pytest -m local tests/local

test-slow: $(VENV)/.test  ## the tests that take long
	$(BIN)/python -m pytest -n auto -m slow

lint: $(VENV)/.test  ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

mutants: $(VENV)/.mutation  ## mutation-test the blind
	$(BIN)/python tests/mutation/run.py

readme: $(VENV)/.test  ## put what commands print into the documents that show it
	$(BIN)/python docs/refresh.py
	$(BIN)/python tests/test_what_can_go_wrong.py
	$(BIN)/python tests/plugins/test_provider_faults.py
	PYTHONPATH=tests $(BIN)/python -m conversations.test_measured_lints

schemas: $(VENV)/.core  ## regenerate schemas/ from brie_bench/spec
	@$(BIN)/brie-bench schema export

benchmarks: $(VENV)/.test  ## speed and size, side by side with the named peers
	$(BIN)/python benchmarks/command_line.py
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/providers.py
	$(BIN)/python benchmarks/ledger.py
	$(BIN)/python benchmarks/leaderboard.py
	$(BIN)/python benchmarks/estimators.py
	$(BIN)/python benchmarks/conversations.py
	$(BIN)/python benchmarks/publishing.py
	$(BIN)/python benchmarks/coverage.py --small

clean:
	rm -rf $(VENV) runs dist build

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.core

$(VENV)/.local: $(VENV)/.test
	$(PIP) -e '.[test,trl]'
	@touch $@

$(VENV)/.mutation: $(VENV)/.test
	$(PIP) -e '.[test,mutation]'
	@touch $@
