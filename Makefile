# A newcomer needs two verbs: `make run` and `make test`. Each does all its own set-up; a second start costs none.
# The interpreter can be chosen: make PYTHON=/path/to/python3.12 run
SHELL := /bin/bash
export PYTHON ?= python3
VENV := .venv/bin
# Two workers suit two cores; more only helps on larger machines: make test WORKERS=8
WORKERS ?= 2
# Options for `xenia up`: make run ARGS="--port 9443 --ephemeral"
ARGS ?=
# A server that compiles itself anew takes twice as long to start; tests and bench start many.
unexport PYTHONDONTWRITEBYTECODE
# Extra options for pytest: make test TESTS="tests/core -k invitation"
TESTS ?=

.PHONY: run test test-all bench lint format setup provision clients dist lock words clean help

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: ## Start the workshop: https://localhost:8443
	@scripts/setup.sh run
	@exec $(VENV)/xenia up $(ARGS)

test: lint provision clients ## Set everything up, lint, and run the suite
	$(VENV)/python -m pytest -n $(WORKERS) --durations=20 -m "not slow" $(TESTS)

test-all: lint provision clients ## The suite with its slow parts
	HYPOTHESIS_PROFILE=thorough $(VENV)/python -m pytest -n $(WORKERS) --durations=20 $(TESTS)

bench: setup ## Measure, beside npm oidc-provider and openssl, in one run
	@scripts/provision.sh node openssl
	@scripts/npm-packages.sh bench
	$(VENV)/python -m bench

lint: setup ## Style, types and import contracts
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-logo

format: setup ## Rewrite the code in the house style
	$(VENV)/ruff check --fix-only --quiet .
	$(VENV)/ruff format .

setup: ## The virtual environment with everything locked, this checkout included
	@scripts/setup.sh test

provision: ## Chromium, Node, PostgreSQL, openssl, ip and Apache, installed when missing
	@scripts/provision.sh

clients: setup provision ## npm packages of the client and federation tests and of the bench
	@scripts/npm-packages.sh tests/clients tests/federation/providers bench

dist: setup ## A wheel that starts by pipx or uvx alone
	@rm -rf dist
	$(VENV)/python -m build --no-isolation --wheel --sdist --outdir dist .

words: setup ## Bring the translations of the pages up to date, and say what is missing
	@.venv/bin/python scripts/words.py update
	@.venv/bin/python scripts/words.py check

lock: setup ## Refresh the lock files (UPGRADE=1 takes newer versions)
	@scripts/lock.sh

clean: ## Forget everything that the other verbs made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache bench/node_modules tests/clients/node_modules tests/federation/providers/node_modules
