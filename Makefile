# `make help` lists the targets. Needs Python >= 3.11 and make; everything else is installed into .venv.
PYTHON ?= python3
WORKSPACE ?= .
CORES ?= all
PORT ?= 5000
BIN := $(CURDIR)/.venv/bin
READY := .venv/.ready
export PATH := $(BIN):$(PATH)
# Nothing here phones home.
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
# Compiled once and not by each of a hundred jobs, whatever the shell around says.
unexport PYTHONDONTWRITEBYTECODE
export YOLO_OFFLINE ?= true
SNAKEMAKE = $(BIN)/snakemake --snakefile $(CURDIR)/Snakefile --directory $(WORKSPACE) --cores $(CORES)

.PHONY: setup results test test-slow test-timing check ped2 camera ui clean help
.DEFAULT_GOAL := help

setup: $(READY) ## install everything into .venv (about 2 minutes)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vadflow needs Python >= 3.11; try make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt torch==2.13.0 --editable '.[dev]'
	touch $(READY)

results: $(READY) ## run the whole pipeline: WORKSPACE=folder with a params.yaml (default: the built-in scene)
	$(SNAKEMAKE)
	@echo "table:  $(WORKSPACE)/results/auc_table.csv"
	@echo "report: $(WORKSPACE)/results/report/index.html"

ped2: $(READY) ## real UCSD Ped2: make ped2 PED2=<dataset folder> WEIGHTS=<path or name of YOLO weights>
	$(BIN)/vadflow workspace workspaces/ped2 --example ped2 PED2="$(PED2)" WEIGHTS="$(or $(WEIGHTS),yolo26n.pt)" IMAGENET="$(IMAGENET)"
	$(MAKE) --no-print-directory results WORKSPACE=workspaces/ped2

camera: $(READY) ## your own camera: make camera NORMAL=<folder of normal videos> WATCH=<folder to watch> WEIGHTS=...
	$(BIN)/vadflow workspace workspaces/camera --example own-camera NORMAL="$(NORMAL)" WATCH="$(WATCH)" WEIGHTS="$(or $(WEIGHTS),yolo26n.pt)"
	$(MAKE) --no-print-directory results WORKSPACE=workspaces/camera

test: $(READY) ## the tests, under 10 minutes
	$(BIN)/python -m pytest -m "not slow and not real and not timing"

test-slow: $(READY) ## the long tests, and those on real data beside the repository
	$(BIN)/python -m pytest -m "slow or real"

test-timing: $(READY) ## the tests that compare wall times, on an idle machine
	$(BIN)/python -m pytest -m timing

check: $(READY) ## ruff, mypy, snakefmt, import order of the packages, schema in step
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/lint-imports
	$(BIN)/vadflow schema --check

ui: $(READY) ## browse the runs: MLflow on 127.0.0.1
	$(BIN)/mlflow ui --backend-store-uri sqlite:///$(abspath $(WORKSPACE))/results/mlflow/mlflow.db --host 127.0.0.1 --port $(PORT)

clean: ## delete what the pipeline made in WORKSPACE (not .venv)
	rm -rf $(WORKSPACE)/.snakemake $(WORKSPACE)/logs $(WORKSPACE)/benchmarks
	find $(WORKSPACE)/results -mindepth 1 -not -name README.md -delete

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
