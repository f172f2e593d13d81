SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
DATA ?=
WORKERS ?=

# The machine's own certificate store: uv's bundled one misses a company's proxy.
UV := $(BIN)/uv --system-certs
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" pyproject.toml

.PHONY: help setup demo up status down test test-browser test-faults lint bench bench-flagging \
	bench-ingestion bench-model bench-networks bench-night lock

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed ## create .venv from the lock (skipped when nothing changed)

# uv is in the lock too, so its own hash is checked before it installs the rest.
.venv/installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), \
		f"Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}: make setup PYTHON=python3.12"'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	$(UV) pip sync --require-hashes --compile-bytecode requirements-dev.txt
	$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## run the main job once, end to end; DATA=folder takes real photos and a feed
	@$(BIN)/counterfeit demo $(if $(DATA),--data "$(DATA)")

up: setup ## start S3, PostgreSQL, MLflow and Airflow, or leave them be; WORKERS=2 with Celery
	@$(BIN)/counterfeit up $(if $(WORKERS),--workers $(WORKERS))

status: setup ## show each service, whether it answers, and where; the last day's alerts
	@$(BIN)/counterfeit status

down: setup ## stop everything; the data stays (counterfeit down --purge deletes it)
	@$(BIN)/counterfeit down

test: setup ## run every test, in two processes with a stack of its own each
	@$(BIN)/python -m pytest --numprocesses 2 --ignore tests/browser --ignore tests/faults

test-browser: setup ## open our pages in Airflow in a real Chromium (which must be installed)
	@$(BIN)/python -m pytest tests/browser

test-faults: setup ## every fault at every stage of a real run; ONLY="ingest and killed" takes some
	@$(BIN)/python -m pytest tests/faults $(if $(ONLY),-k "$(ONLY)")

lint: setup ## check style, imports and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup ## measure what we claim, both sides in one run
	@for one in inference ingestion scoring flagging; do $(BIN)/python benchmarks/bench_$$one.py || exit 1; done

bench-ingestion: setup ## ingestion against Scrapy's own pipeline, and its memory; half an hour
	@$(BIN)/python benchmarks/bench_ingestion.py

bench-scoring: setup ## the scoring engine against the origin, tf.data and Ray; half an hour
	@$(BIN)/python benchmarks/bench_scoring.py

bench-flagging: setup ## flags of 600,000 listings against pandas; queries and the review page under load
	@$(BIN)/python benchmarks/bench_flagging.py

bench-model: setup ## the logo model on real pictures: make bench-model DATA=folder; two hours
	@$(BIN)/python benchmarks/bench_model.py "$(DATA)"

bench-networks: setup ## input sizes and networks side by side: make bench-networks DATA=folder
	@$(BIN)/python benchmarks/bench_networks.py "$(DATA)"

bench-night: setup ## a night of 600,000 listings, 1 % of them new, through Airflow; a quarter of an hour
	@$(BIN)/python benchmarks/bench_night.py

lock: setup ## renew requirements*.txt from pyproject.toml
	$(COMPILE) --upgrade --output-file requirements.txt
	$(COMPILE) --extra dev --constraints requirements.txt --output-file requirements-dev.txt
