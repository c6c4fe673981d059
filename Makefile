# `make` lists the targets. Everything runs inside .venv, which is made on first use from requirements.lock.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp is written last: an interrupted installation is taken up again by the next call.
$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $$($(PYTHON) --version) found, Python >= 3.11 needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (about 6 GB, a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(VENV)/installed ## Make .venv from requirements.lock

.PHONY: lock
lock: ## Resolve pyproject.toml again into requirements.lock (needs uv: pip install uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --output-file requirements.lock

.PHONY: reproduce
reproduce: install ## Run the experiments of params.yaml and show the answer (CORES=n to limit)
	@snakemake --cores $(CORES) --quiet host reason
	@echo "Report: results/report.html   (case-saliency summary prints the answer again)"

.PHONY: verify
verify: install ## Compare this run's numbers with the published reference results
	@case-saliency compare

.PHONY: test
test: install ## Run the whole test suite
	@python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: fuzz
fuzz: export FUZZ_EXAMPLES ?= 2000
fuzz: install ## Try thousands of hostile inputs on every reader (about 15 min): the table in docs/reliability.md
	@python -m pytest -n 2 -p tests.reliability --table fuzz tests/fuzz

.PHONY: test-faults
test-faults: install ## Inject every fault on this machine, the slow ones too: the table in docs/reliability.md
	@python -m pytest -n 2 -p tests.reliability --table faults -m 'fault and not slurm and not s3' tests

.PHONY: test-slurm
test-slurm: install ## Run the reduced workflow through a real Slurm of one node (Debian, root; SLURM_LOCAL_INSTALL=1 installs it)
	@MEASURED=docs/clusters-overhead.md python -m pytest -p tests.reliability --table faults -m slurm tests/slurm
	@cat docs/clusters-overhead.md

.PHONY: test-s3
test-s3: install ## Run the reduced workflow with all its files in an S3 store on this machine; break stores and remotes
	@python -m pytest -p tests.reliability --table faults -m s3 tests/workflow/test_storage.py tests/workflow/test_remotes.py

.PHONY: test-gpu
test-gpu: install ## Compare a GPU with the processor: maps, drops, trainings, the reduced workflow (needs CUDA)
	@python -m pytest -m gpu tests

.PHONY: check
check: install ## Check the code and what is written from it: ruff, mypy, import layers, snakefmt, snakemake --lint, dvc.yaml, file sizes, vulnerabilities
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile workflow
	snakemake --lint 2>&1 | python workflow/lint.py
	python -m workflow.versioning.document --check
	python -m workflow.vulnerabilities
	@$(MAKE) --no-print-directory check-sizes

.PHONY: check-sizes
check-sizes:
	@if git rev-parse --git-dir > /dev/null 2>&1; then git ls-files -z | xargs -0 check-added-large-files --enforce-all --maxkb=1500; \
		else echo "no repository of git here: sizes of files are not checked"; fi

.PHONY: format
format: install ## Format the code
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

.PHONY: dvc.yaml
dvc.yaml: install ## Write the stages of DVC from the Snakefile and params.yaml
	@python -m workflow.versioning.document

.PHONY: commit
commit: install ## Record what the workflow has finished into dvc.lock (refused while anything is pending or unexplained)
	@python -m workflow.versioning.commit

.PHONY: restore
restore: install ## Bring recorded results back, verified, so that snakemake has nothing to do (EXPERIMENTS=... for others)
	@python -m workflow.versioning.restore $(EXPERIMENTS)

.PHONY: audit
audit: install ## Verify every result from its bytes: files, records, code, commit, packages, data, weights
	@case-saliency audit

.PHONY: crate
crate: install ## Describe all runs and files as an RO-Crate, results/ro-crate-metadata.json (make commit does, too)
	@case-saliency crate

.PHONY: bench
bench: install ## Measure beside the peers on one core (about 12 min): benchmarks/results.md
	@python -m benchmarks

.PHONY: publish
publish: install ## Publish the tables of results/ as reference results, and rewrite the README's table
	@python -m docs.publish

.PHONY: docs
docs: install ## Build the documentation site: site/index.html, which needs no network
	@NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict --quiet
	@echo "Site: site/index.html"

.PHONY: clean
clean: ## Delete what the workflow made (data, models, results, logs); .venv stays
	git clean -fdX data models results logs .snakemake
