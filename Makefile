# make run: everything, at http://127.0.0.1:8000/ · make test · make lint · make bench
PYTHON ?= python3
BIN := .venv/bin
TEST_ENVIRONMENT := CRM_DATA_DIR=var/test CRM_EMBEDDED_FSYNC=off

.PHONY: run test lint bench
.DELETE_ON_ERROR:

run: .venv/installed
	@$(BIN)/python manage.py up

test: lint
	$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -n 2

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(TEST_ENVIRONMENT) $(BIN)/mypy

bench: .venv/installed
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

# With uv when it is there or can be had (four times as fast), otherwise with pip.
define install
	@echo "Installing $(1) into .venv ..."
	@if command -v uv >/dev/null; then uv=uv; else $(BIN)/python -m pip install --quiet uv 2>/dev/null; uv=$(BIN)/uv; fi; \
	$$uv pip install --quiet --python $(BIN)/python -r $(1) 2>/dev/null \
	|| $(BIN)/python -m pip install --quiet --no-compile -r $(1)
	@touch $@
endef

.venv/installed: requirements.txt constraints.txt | $(BIN)/python
	$(call install,requirements.txt)

.venv/installed-dev: requirements-dev.txt requirements.txt constraints.txt | $(BIN)/python
	$(call install,requirements-dev.txt)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=python3.12, for instance."; exit 1; }
	@$(PYTHON) -m venv .venv \
	|| { rm -rf .venv; echo "Python cannot make a virtual environment (on Debian: apt-get install python3-venv)."; exit 1; }
