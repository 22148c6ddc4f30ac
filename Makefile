# Needs Python 3.11 or newer with venv (Debian, Ubuntu: python3-venv), git and make.
# Everything else is installed into .venv, which `make clean` removes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup dev lint types test golden check demo demo-check bench clean

# The Python for the tests and for rendered services: make test PYTHON=python3.13
PYTHON ?= $(shell for name in python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
# How many tests run at once: make test JOBS=1
JOBS ?= auto
# More arguments for pytest: make test ARGS="tests/rendering -k golden"
ARGS ?=

VENV := $(CURDIR)/.venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python

# `setup` installs uv here if it is missing. Services use it, too.
export PATH := $(VENV)/bin:$(PATH)
export UV_PYTHON_DOWNLOADS := never
# uv uses the certificates of the system, which may include those of a company.
export UV_SYSTEM_CERTS ?= true

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY)  ## install what development needs into .venv

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@uv --version >/dev/null 2>&1 || "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv), or uv" >&2; exit 1; }
	@if uv --version >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$("$(PYTHON)" -c 'import sys; print(sys.executable)')" "$(VENV)"; \
	else \
		"$(PYTHON)" -m venv "$(VENV)" && "$(RUN)" -m pip install --quiet --disable-pip-version-check uv; \
	fi
	uv pip install --quiet --python "$(RUN)" --editable . --group dev
	@touch $@

dev: setup  ## install, and print the next command
	@echo "edit template/, then: $(RUN) -m trellis new demo/mine && cd demo/mine && make dev"

lint: setup  ## style and format
	"$(RUN)" -m ruff check
	"$(RUN)" -m ruff format --check

types: setup  ## static types
	"$(RUN)" -m mypy

test: setup  ## every test: unit, rendering, lifecycle, variants
	"$(RUN)" -m pytest -n $(JOBS) $(ARGS)

golden: setup  ## render the stored service and its diffs again
	"$(RUN)" -m pytest -q tests/rendering/test_golden.py --update-golden

check: lint types test  ## style, types and every test

demo: setup  ## render a service, migrate it, serve it, and print requests to try
	"$(RUN)" tests/support/demo.py

demo-check: setup  ## the same on a free port: test it over HTTP, and stop
	"$(RUN)" tests/support/demo.py --check

bench: setup  ## measure the generator and the services against their targets
	"$(RUN)" bench/generator.py $(ARGS)
	"$(RUN)" bench/services.py $(ARGS)

clean:  ## remove .venv and all generated files
	rm -rf "$(VENV)" demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
