# One menu. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export MLFLOW_DISABLE_TELEMETRY = true

.DEFAULT_GOAL := help
.PHONY: help demo app spark test test-all check format lock clean

help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@sh .ci/need.sh "$(PYTHON)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "installing the locked packages into $(VENV) (about two minutes the first time)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## real data in, four models, scorecards and an approved practice list out (about 5 minutes)
	@$(BIN)/workbench demo

app: $(READY) ## the web app and a worker on this machine
	@$(BIN)/workbench app

spark: $(READY) ## Spark as a feature engine (optional; 430 MB, needs Java 17)
	@$(BIN)/python -c 'import pyspark' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock

test: $(READY) ## the whole quick suite
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow and not browser"

test-all: $(READY) ## also the slow and the browser suites
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser"
	@$(BIN)/python -m pytest -m browser

check: $(READY) ## format, lint, types and the fastest tests: under a minute
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/ty check workbench
	@$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_errors.py tests/test_docs.py

format: $(READY) ## write the format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## write the lock files anew from requirements*.in (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements.in -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements-spark.in -o requirements-spark.lock

clean: ## remove what runs have written: mlruns, var
	rm -rf mlruns/mlflow.db* mlruns/artifacts var
