# make demo   compile, run on emulated cores, verify, report
# make test   the whole test suite
# make bench  the benchmarks: ours and peers in one run, with ratios
# make docs   write the generated pages and build the site
# Each sets up .venv from PyPI first; python3 (>= 3.11) and make are all that must be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test docs bench lint types check clean

demo: $(VENV)/.demo
	mkdir -p $(DEMO)
	$(BIN)/python examples/counter.py make $(DEMO)/counter.nir $(DEMO)/pulses.npz
	$(BIN)/axonc compile $(DEMO)/counter.nir --target spinnaker2 --dt 1e-3 --slice 20 --strategy spread -o $(DEMO)/build
	$(BIN)/axonc run $(DEMO)/build --input $(DEMO)/pulses.npz -o $(DEMO)/result.npz
	$(BIN)/axonc verify $(DEMO)/build --input $(DEMO)/pulses.npz
	$(BIN)/axonc report $(DEMO)/build --input $(DEMO)/pulses.npz -o $(DEMO)/report.html
	$(BIN)/python examples/counter.py read $(DEMO)/result.npz
	@echo "report: $(DEMO)/report.html; emitted C: $(DEMO)/build/src"

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal

docs: $(VENV)/.test
	$(BIN)/python docs/generate.py
	$(BIN)/python -m mkdocs build --strict

bench: $(VENV)/.test
	for name in chip checkpoints compiling evaluating gated native interpreter reading images training language_model recurrent onnx_native sqnr ipu; do PYTHONPATH=tests $(BIN)/python -m benchmarks.$$name || exit 1; done

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.test
	$(BIN)/mypy

check: lint types test

# The stamps depend on pyproject.toml, so that a change of dependencies installs them.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[all]"
	touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) $(DEMO) site
