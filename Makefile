# Everything a developer or an operator runs from a clone. `make setup` is idempotent and the others call it.
PYTHON ?=
DEMO_ARGS ?=
PYTEST_ARGS ?=
BIN := .venv/bin

.PHONY: setup demo test lint types lock campaign clean

setup:            ## build .venv with everything, model packs included
	@PYTHON="$(PYTHON)" sh deploy/setup.sh

demo: setup       ## ingest the sample documents, ask three questions, serve the page (DEMO_ARGS=--exit stops before)
	@$(BIN)/python -m appliance.cli.main demo $(DEMO_ARGS)

test:             ## linters, types, floors and the whole test-suite, without network
	@PYTHON="$(PYTHON)" sh deploy/setup.sh --tests
	@$(MAKE) --no-print-directory lint types
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

lint: setup       ## style and floors
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

types: setup      ## strict types
	@$(BIN)/mypy

lock:             ## lock the requirements again (needs uv and a package index)
	@python3 deploy/requirements/lock.py

campaign: setup   ## the longer campaigns: kills, faults, fuzzing
	@$(BIN)/python -m pytest -m campaign $(PYTEST_ARGS)

clean:            ## remove what set-up and tests made
	@rm -rf .venv .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist appliance.egg-info
