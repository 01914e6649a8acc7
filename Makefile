# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
#
# The one task runner. Needs Python 3.10 or newer (make PYTHON=/path/to/python3), git and make.

PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
MYPY_TREE := .cache/tree

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint reformat unit packaging test-collection peers interop bench mutation docs lock clean

help: ## Show the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

venv: $(VENV)/.installed ## Make .venv from the hash-locked requirements.

$(VENV)/.installed: requirements/dev.txt pyproject.toml .ci/find-python
	$(BIN)/python -c '' 2>/dev/null || { python=$$(.ci/find-python $(PYTHON)) && "$$python" -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: venv ## Run the main job on a sample repository: verify, pin, refuse, check offline.
	SEALPIN=$(abspath $(BIN)/sealpin) demo/run.sh

test: lint unit packaging ## Lint, type-check, unit and conformance tests, installed artifacts.

lint: venv ## ruff and mypy --strict.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	.ci/link-tree $(MYPY_TREE)
	$(BIN)/mypy -p sealpin -p sealpin_hooks -p ansible_collections.sealpin.oci.plugins

reformat: venv ## Let ruff fix what it can.
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

unit: venv ## Unit and conformance tests.
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS) tests/unit $(wildcard tests/conformance)

packaging: venv ## Build wheel, sdist and collection; use each from a clean environment.
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests/installed

test-collection: venv ## ansible-test, ansible-lint, documentation and licence checks.
	.ci/collection

peers: venv ## Build the live peers (needs Go).
	PYTHONPATH=tests $(BIN)/python -m support.peers

interop: venv ## Run against the live peers.
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests/interop

mutation: venv ## Delete each check of the verification core and see which no test notices.
	$(BIN)/python tests/mutation/delete_checks.py

bench: venv ## Benchmarks against the peers, side by side.
	PYTHONPATH=tests $(BIN)/python -m bench

docs: venv ## Regenerate the pages that are made from tables in the code.
	$(BIN)/python docs/generate_messages.py >docs/messages.md
	$(BIN)/python docs/generate_commands.py >docs/reference/command.md

lock: venv ## Renew the hash-locked requirements.
	requirements/compile --upgrade

clean: ## Remove everything that was built.
	rm -rf $(VENV) .cache build dist demo/work tests/output *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
