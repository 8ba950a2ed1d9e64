# Two commands do all: `make demo` shows the main job on the embedded lab, `make test` runs all tests.
# Both install what they need themselves, from the package registries only.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help venv lock format check test demo bench clean

help:
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile

venv: $(STAMP) ## the project's own environment

# uv is taken from the machine or installed from PyPI into the environment itself.
$(STAMP): requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || { $(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m pip install --quiet uv; }
	@UV=$$(command -v uv || echo $(BIN)/uv); \
	  $$UV pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt && \
	  $$UV pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

lock: ## resolve the requirements again, hashes included, no index address
	@UV=$$(command -v uv || echo $(BIN)/uv); \
	  $$UV pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements/runtime.txt && \
	  $$UV pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra lab --extra dev pyproject.toml -o requirements/dev.txt

format: venv ## write the code as the formatter would
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: venv ## formatter, linter, types, layers, docstrings
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/interrogate --quiet infra components stacks migration policies cli lab

# The toolchain is built before the tests: a cold build takes minutes and must not count against one test's time.
test: venv ## all tests
	@$(BIN)/incline lab toolchain
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

demo: venv ## a server moves up to AWS and back, on the lab
	@$(BIN)/incline demo

bench: venv ## measured figures, as ratios
	@$(BIN)/python -m bench

clean: ## forget the environment, the lab and what the demo wrote; the toolchain's cache stays
	@if test -x $(BIN)/incline; then $(BIN)/incline lab down --quiet || true; fi
	rm -rf $(VENV) .lab out .mypy_cache .ruff_cache .pytest_cache .hypothesis
