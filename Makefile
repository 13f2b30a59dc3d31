# Two commands for everybody: `make run` and `make test`. `make check` is what CI runs.
# make PYTHON=/path/to/python3.12 … chooses the interpreter for the virtual environment.

PORT ?= 8000
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$name; exit; }; \
	done; echo python3)
endif
VENV := .venv/bin

.PHONY: help run stop reset-demo test check fast-check fmt lint openapi flows bench clean
.DEFAULT_GOAL := help

help:
	@echo '  make run [PORT=8000]   everything it needs, then http://127.0.0.1:8000 with a demo county'
	@echo '  make stop [PORT=8000]  stop it'
	@echo '  make reset-demo        start the demo county again'
	@echo '  make test              the suite on SQLite and PostgreSQL, with Redis, Celery and Chromium'
	@echo '  make check             everything CI runs (fast-check: without the tests)'
	@echo '  make fmt lint          format; lint, import contracts, types'
	@echo '  make openapi flows     generate the API document and client types; the flow diagrams'
	@echo '  make bench             the benchmarks, as ratios to a floor measured in the same run'
	@echo '  make clean             remove build results and caches (never data)'

run:
	@exec $(PYTHON) -m tools.serve run --port $(PORT)

stop:
	@exec $(PYTHON) -m tools.serve stop --port $(PORT)

reset-demo:
	@exec $(PYTHON) -m tools.serve reset-demo

test:
	@exec $(PYTHON) -m tools.run_tests

check:
	@exec $(PYTHON) -m tools.check

fast-check:
	@exec $(PYTHON) -m tools.check --fast

fmt:
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

lint:
	$(VENV)/ruff check .
	$(VENV)/lint-imports
	$(VENV)/mypy

openapi:
	@exec $(VENV)/python -m tools.openapi

flows:
	@DJANGO_SETTINGS_MODULE=backend.config.settings.test $(VENV)/python manage.py flows_export

bench:
	@for file in benchmarks/bench_*.py; do \
		echo "== $$file, SQLite"; $(VENV)/python $$file || exit 1; \
		echo "== $$file, PostgreSQL"; $(VENV)/python tools/services.py --postgres -- $(VENV)/python $$file || exit 1; \
	done

clean:
	rm -rf frontend/dist frontend/node_modules var/static var/stamps
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +
