# Everything a newcomer types. `make run` and `make test` build their own environment in .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := bot generator storage

# Without an NVIDIA card, PINXIT_TORCH=cpu spares the download of CUDA (several gigabytes).
ifeq ($(PINXIT_TORCH),cpu)
TORCH_FROM := --extra-index-url https://download.pytorch.org/whl/cpu
else ifneq ($(PINXIT_TORCH),)
$(error PINXIT_TORCH is "$(PINXIT_TORCH)"; it can be cpu, or be left out)
endif

.DEFAULT_GOAL := help
.PHONY: help run setup test lint bench chaos chaos-ray soak clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## Start Pinxit and print the address of its chat page
	@exec $(BIN)/pinxit run

setup: $(INSTALLED) ## Build the environment in .venv (run and test do it too)

test: lint ## Run every check: lint, format, types, tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: setup ## Run the checks that need no running program
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## Measure speed and memory, and print a table
	@exec $(BIN)/pinxit bench

chaos: setup ## Kill bots, generators, PostgreSQL, Ray at random while people work in every chat (minutes)
	PINXIT_CHAOS=1 $(BIN)/python -m pytest -q -s tests/integration/test_chaos.py

soak: setup ## Draw 20 500 pictures and watch the memory (half an hour)
	PINXIT_SOAK=1 $(BIN)/python -m pytest -q -s tests/integration/test_soak.py

chaos-ray: setup ## Kill everything of a Ray cluster while jobs run (a quarter of an hour)
	@$(BIN)/python -c 'import ray' 2> /dev/null || \
		$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --editable '.[ray]'
	PINXIT_CHAOS_RAY=$(or $(PINXIT_CHAOS_RAY),1) $(BIN)/python -m pytest -q -s tests/integration/test_ray_chaos.py

clean: ## Remove the environment and everything built; pictures and accounts stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find $(SOURCES) tests -name __pycache__ -prune -exec rm -rf {} +

# The environment is rebuilt in place when what it is made of changes. The pins hold for the packages
# that build Pinxit itself, too: older pips read them from PIP_CONSTRAINT, newer ones from PIP_BUILD_CONSTRAINT.
$(INSTALLED): export PIP_CONSTRAINT := constraints.txt
$(INSTALLED): export PIP_BUILD_CONSTRAINT := constraints.txt
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Pinxit needs Python 3.11 or newer, and $(PYTHON) is not. With another one: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@echo "Building the environment in $(VENV): a few minutes, once."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(TORCH_FROM) torch
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[generator,traces,dev]'
	$(BIN)/python -m compileall -q $(SOURCES)
	@touch $@
