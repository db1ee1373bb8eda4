# Everything a stranger needs starts here: `make demo`, `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ASYNCAPI := deploy/asyncapi
CHART_TOOLS := .venv-chart
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet --upgrade
ARGS ?=

.PHONY: help setup demo test examples check chart manifest chart-tools format schemas compatibility released asyncapi bench bench-quota bench-growth mutants drills lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMP) ## Make .venv with the locked dependencies and the command `bridge`

$(STAMP): requirements/development.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "the bridge needs Python 3.11 or newer: set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/development.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Watch webhooks become events on a real Kafka (ARGS="--for 20s")
	@$(BIN)/bridge demo $(ARGS)

test: $(STAMP) ## All tests, a real Kafka included, in two processes with a broker each
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

examples: $(STAMP) ## The examples in Python, Java and Go, against a real Kafka and a real bridge
	$(BIN)/python -m pytest tests/examples/run.py $(ARGS)

check: $(STAMP) ## ruff, mypy, import-linter, the generated schemas, and whether they break anybody
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bridge schemas generate --check
	$(MAKE) --no-print-directory compatibility

chart: $(STAMP) chart-tools ## The chart, the image, the alerts: linted, rendered, validated, built and run
	PATH="$(CURDIR)/$(CHART_TOOLS)/bin:$$PATH" $(BIN)/python -m pytest --numprocesses 2 --dist loadfile \
		-o python_files='check_*.py' tests/chart $(ARGS)

manifest: $(STAMP) chart-tools ## Write anew what is made by the chart or for it: the plain manifest, its README, its tables
	PATH="$(CURDIR)/$(CHART_TOOLS)/bin:$$PATH" $(BIN)/python -m tests.chart.generate $(ARGS)

chart-tools: $(CHART_TOOLS)/.installed ## helm, checkov, hadolint, promtool and their like, locked, in .venv-chart

$(CHART_TOOLS)/.installed: requirements/chart.txt deploy/prometheus.sh
	$(PYTHON) -m venv $(CHART_TOOLS)
	$(CHART_TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/chart.txt
	deploy/prometheus.sh $(CHART_TOOLS)/bin
	@touch $@

format: $(STAMP) ## Let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(STAMP) ## Write schemas/ and docs/events-reference.md anew from the models
	$(BIN)/bridge schemas generate

compatibility: $(STAMP) ## Refuse changes of schemas/ that break what is built on schemas/released/
	$(BIN)/bridge schemas check schemas/released schemas

released: compatibility chart-tools ## At a release: what later schemas and charts are compared with
	cp schemas/*.json schemas/released/
	PATH="$(CURDIR)/$(CHART_TOOLS)/bin:$$PATH" $(BIN)/python -m tests.chart.promises

asyncapi: $(ASYNCAPI)/node_modules/.package-lock.json ## Validate schemas/asyncapi.yaml with the AsyncAPI parser (Node 18 or newer)
	node $(ASYNCAPI)/validate.mjs schemas/asyncapi.yaml

$(ASYNCAPI)/node_modules/.package-lock.json: $(ASYNCAPI)/package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		echo "make asyncapi needs node 18 or newer and npm, and does not find them: schemas/asyncapi.yaml was NOT validated" >&2; exit 2; }
	cd $(ASYNCAPI) && npm ci --loglevel=error
	@touch $@

bench: $(STAMP) ## CPU per event against a bare aiohttp handler, and the peer where it is built
	$(BIN)/python -m tests.bench $(ARGS)

bench-quota: $(STAMP) ## Ten real minutes at full quota against the strict vendor, and again with a kill -9
	$(BIN)/python -m tests.bench.quota $(ARGS)

bench-growth: $(STAMP) ## What connections, waiting commands and long journals cost
	$(BIN)/python -m tests.bench.growth $(ARGS)

mutants: $(STAMP) ## Break each invariant on purpose, and see that its test sees it
	$(BIN)/python -m tests.mutants $(ARGS)

drills: $(STAMP) chart-tools ## Kill, freeze and part real processes on a real Kafka, and count what the vendor saw
	$(BIN)/python -m tests.drills $(ARGS)

lock: $(STAMP) ## Lock the dependencies anew, with hashes and without addresses
	$(COMPILE) --extra service --extra uvloop --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --extra service --extra uvloop --extra msk-iam --output-file requirements/runtime-msk-iam.txt pyproject.toml
	$(COMPILE) --extra development --output-file requirements/development.txt pyproject.toml
	$(COMPILE) --output-file requirements/chart.txt requirements/chart.in
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(COMPILE) --no-annotate --output-file requirements/build.txt -

clean: ## Remove what make has made
	rm -rf $(VENV) $(CHART_TOOLS) $(ASYNCAPI)/node_modules examples/java/target build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
