# Kuai: `make help` lists what there is. Every target works from nothing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
STORE ?= var/demo
PORT ?= 8000
ROOMS ?= 20000
FOLDER ?= var/pictures

.PHONY: help setup run demo test test-postgres check fix bench torture fuzz looks docs pictures reset

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: $(VENV)/.packages-ready kuai/web/static/built/.ready ## virtual environment, Python packages, front end

$(VENV)/.packages-ready: pyproject.toml constraints.txt scripts/install_packages.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) bash scripts/install_packages.sh
	@touch $@

kuai/web/static/built/.ready: $(VENV)/.packages-ready frontend/package-lock.json $(shell find frontend/src frontend/*.ts frontend/*.json -type f 2>/dev/null)
	@$(BIN)/python scripts/build_frontend.py
	@mkdir -p $(@D) && touch $@

run: setup ## everything from nothing: demo city of 20,000 rooms, build, portal; prints address and logins
	@$(BIN)/kuai run-demo --store $(STORE) --rooms $(ROOMS) --port $(PORT)

demo: setup ## demo city and build only, no portal
	@$(BIN)/kuai run-demo --store $(STORE) --rooms $(ROOMS) --no-serve

# Bytecode is kept whatever the machine's habit is: a command of a test else compiles 300 modules again. The longest
# files begin first (tests/conftest.py), instead of those of most tests.
TEST := -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not torture"

test: setup ## the whole suite on SQLite
	@bash scripts/debian_packages.sh chromium fonts-noto-cjk
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python $(TEST) $(ARGS)

test-postgres: setup ## the same suite on a private PostgreSQL cluster
	@bash scripts/debian_packages.sh postgresql chromium fonts-noto-cjk
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python scripts/with_private_postgres.py -- $(BIN)/python $(TEST) $(ARGS)

check: setup ## format, lint, types, imports, house tests
	@$(BIN)/ruff format --check kuai tests scripts benchmarks
	@$(BIN)/ruff check kuai tests scripts benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/house

fix: setup ## format and mend what lint can mend
	@$(BIN)/ruff format kuai tests scripts benchmarks
	@$(BIN)/ruff check --fix kuai tests scripts benchmarks

bench: setup ## benchmarks: a district of 551,600 rooms, linkage against Splink, the ledger
	@$(BIN)/python benchmarks/run_all.py $(ARGS)

torture: setup ## long fuzz, kill and soak runs
	@$(BIN)/python -m pytest -m torture $(ARGS)

fuzz: setup ## the JSON API asked 500 odd questions an operation
	@KUAI_FUZZ_EXAMPLES=500 $(BIN)/python -m pytest -q tests/stories/test_api_contract.py

looks: setup ## every page a role can reach, a screenshot of each in FOLDER
	@mkdir -p $(FOLDER) && KUAI_PICTURES=$(FOLDER) $(BIN)/python -m pytest -q tests/stories/test_every_page.py

docs: setup ## regenerate docs/modules.md and docs/data-dictionary.md
	@$(BIN)/python scripts/write_docs.py

pictures: setup ## screenshots for the README, made by driving the portal
	@bash scripts/debian_packages.sh chromium fonts-noto-cjk
	@$(BIN)/python scripts/make_screenshots.py

reset: ## remove the demo store and everything built
	@rm -rf var $(VENV) frontend/node_modules kuai/web/static/built
