# Two commands on a fresh machine with Python 3.11 to 3.13 and pip:
#   make quickstart    set up, simulate a company, train, score, review and report
#   make test          set up, run the tests
# Another interpreter: make test PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-for-icp-ml
PIP := $(BIN)/python -m pip --disable-pip-version-check
MINOR := import sys; print('%d.%d' % sys.version_info[:2])

.PHONY: help setup quickstart test clean

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

setup: $(READY)

# The stamp is written last: an interrupted set-up starts over, a finished one costs nothing.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || \
	  { echo "make: '$(PYTHON)' is missing or not Python 3.11 to 3.13. Name one: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; exit 2; }
	@if [ "$$($(BIN)/python -c "$(MINOR)" 2>/dev/null)" != "$$($(PYTHON) -c "$(MINOR)")" ]; then \
	  echo "making $(VENV)" && $(PYTHON) -m venv --clear $(VENV); fi
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

quickstart: $(READY)
	$(BIN)/icp-ml quickstart

test: $(READY)
	$(BIN)/python -m pytest -rs

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
