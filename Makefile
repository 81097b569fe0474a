# Halle in two commands: `make run` and `make test`. Each target's comment is what `make help` shows.
# Variables: PORT=8000  PYTHON=python3  HALLE_DATA_DIR=.halle  ROOM=billing (bench)  ARGS="-k price" (test)
# A second clone beside a first: make run PORT=8001 HALLE_PORTS_FROM=9500 (where the helpers' ports begin;
# read when a data folder is new, which then keeps its ports).
# Another PostgreSQL than the embedded one, in a folder of its own:
# make test HALLE_POSTGRES_BIN=/usr/lib/postgresql/15/bin HALLE_DATA_DIR=/var/tmp/halle15

PORT ?= 8000
PYTHON ?= python3
KEYCLOAK_PORT ?= 8081
PROCESSES ?= 2
export PYTHON
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install install-test install-chromium install-keycloak run keycloak test explore check check-invoices bench lock baseline migrate seed shell clean

help:  ## Show these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

install:
	@devstack/install run

install-test:
	@devstack/install test

install-chromium:
	@devstack/install-chromium

install-keycloak: install
	@devstack/install-keycloak

run: install  ## Run Halle with its demo data at http://127.0.0.1:8000 (PORT=8001 for another port)
	@$(BIN)/python -m devstack --port $(PORT)

keycloak: install-keycloak  ## Run Keycloak with its realms at http://127.0.0.1:8081 (KEYCLOAK_PORT=8082 for another port)
	@$(BIN)/python -m devstack.keycloak --port $(KEYCLOAK_PORT)

test: install-test install-chromium install-keycloak  ## Run all the tests (ARGS="-k price" for some of them)
	@$(BIN)/python -m pytest -n $(PROCESSES) $(ARGS)

explore: install-test  ## Run the property tests on examples never seen before (ARGS="tests/billing" for one room)
	@HALLE_EXPLORE=1 $(BIN)/python -m pytest -n $(PROCESSES) -m hypothesis $(ARGS)

check: install-test  ## Run the linters, the import contracts, the types and Django's own checks
	@devstack/check

check-invoices: install-test  ## Judge all invoices of the demo and 2,000 others by the official rules (ARGS="--count 200")
	@devstack/install-verapdf
	@$(BIN)/python -m devstack.schema
	@$(BIN)/python manage.py seed_demo
	@$(BIN)/python -m tests.check_invoices $(ARGS)

bench: install-test  ## Measure: one JSON line a figure (ROOM=billing for one room)
	@$(BIN)/python -m tests.bench $(ROOM)

lock: install-test  ## Write requirements/*.lock from pyproject.toml (UPGRADE=1 for newer versions)
	@devstack/lock

baseline: install  ## Write the schema baseline again, after new migrations
	@$(BIN)/python -m devstack.baseline

migrate: install  ## Bring the development database to the newest schema
	@$(BIN)/python -m devstack.schema

seed: install  ## Load the demo data again
	@$(BIN)/python -m devstack.database start
	@$(BIN)/python manage.py seed_demo

shell: install  ## Open a Python shell with the models loaded
	@$(BIN)/python -m devstack.database start
	@$(BIN)/python manage.py shell

clean:  ## Stop the database and delete all that can be made again: data, packages, caches
	@[ ! -x $(BIN)/python ] || $(BIN)/python -m devstack.database stop
	rm -rf .venv .halle .pytest_cache .ruff_cache .mypy_cache .hypothesis staticfiles test-artifacts
