# The commands of seedbed. They need Python 3.11 or newer, git and make, nothing else.
#
#   PYTHON=           the interpreter .venv is made with; python3 unless said
#   PORT=             the port of `make serve`; 8000 unless said
#   CASES=            calls of each path in `make fuzz`; 1000 unless said
#   MINUTES=          what `make train` may take; 20 unless said
#   TORCH=auto        which build of torch: cuda, cpu, or auto (cuda where nvidia-smi works, else cpu)
#   TORCH_CPU_INDEX=  address of an index with CPU builds of torch, for the machines where pip's own
#                     index offers only the CUDA build (README, "Install")
#
# pip's own variables (PIP_INDEX_URL, PIP_CACHE_DIR, ...) work as usual.

PYTHON ?= python3
TORCH ?= auto

BUILD := $(TORCH)
ifeq ($(TORCH),auto)
BUILD := $(shell nvidia-smi >/dev/null 2>&1 && echo cuda || echo cpu)
endif
ifeq ($(filter cpu cuda,$(BUILD)),)
$(error TORCH=$(TORCH) is not a build of torch; it must be auto, cpu or cuda)
endif

BIN := .venv/bin
SERVE := .venv/installed-serve-$(BUILD)
DEV := .venv/installed-dev-$(BUILD)
PIP := $(BIN)/python -m pip install --prefer-binary -c constraints.txt \
	$(if $(filter cpu,$(BUILD)),$(if $(TORCH_CPU_INDEX),--extra-index-url $(TORCH_CPU_INDEX)))

.PHONY: help serve test lint check openapi install gpu train fuzz
.DELETE_ON_ERROR:

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

serve: $(SERVE) ## install what is missing, then serve on 127.0.0.1:8000 (PORT= overrides)
	@exec $(BIN)/seedbed serve $(if $(PORT),--port $(PORT))

test: $(DEV) ## install what is missing, then run the whole test suite
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

lint: $(DEV) ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile.cuda

check: lint test ## lint, then test

fuzz: $(DEV) ## call every path with generated calls, a thousand for each (CASES= overrides)
	$(BIN)/python -m tests.server.fuzzing $(if $(CASES),--cases $(CASES))

openapi: $(DEV) ## write docs/openapi.json anew; a test compares it with the server
	$(BIN)/python -m tests.openapi_document

install: $(SERVE) ## only install what serving needs

gpu: $(SERVE) ## measure this machine's CUDA device: three parts, ten minutes each at most
	@$(BIN)/python -m benchmarks.gpu

train: $(DEV) ## train the embedded model in MINUTES=20, on the CUDA device if there is one
	@$(BIN)/python -m pipelines.embedded.train --minutes $(or $(MINUTES),20)

# pip takes an installed torch for good enough, whichever build it is.
define drop-other-build
@if ls .venv/installed-serve-* 2>/dev/null | grep -qv -e '-$(BUILD)$$'; then \
	$(BIN)/python -m pip uninstall --yes torch; \
fi
endef

# Said before gigabytes are fetched: refused when the CPU build was asked for, a remark when it was
# only detected, because a server that draws is better than none.
define expect-cpu
@if $(PIP) --dry-run --quiet --report - torch 2>/dev/null | grep -q '"name": "nvidia'; then \
	echo "seedbed: pip's index offers only the CUDA build of torch, gigabytes larger than the CPU build." >&2; \
	echo "seedbed: name an index that has the CPU build with TORCH_CPU_INDEX= (README, Install)." >&2; \
	[ "$(TORCH)" = auto ]; \
fi
endef

define verify-cuda
@$(BIN)/python -c 'import sys, torch; sys.exit(torch.version.cuda is None)' || { \
	echo "seedbed: pip's index offers only the CPU build of torch, so the GPU stays unused." >&2; \
	[ "$(TORCH)" = auto ]; \
}
endef

$(SERVE): pyproject.toml constraints.txt
	@echo "seedbed: installing into .venv with the $(BUILD) build of torch (TORCH=$(TORCH))"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "seedbed needs Python 3.11 or newer as '$(PYTHON)'; name another: make PYTHON=python3.11" >&2; \
		exit 1; }
	$(PYTHON) -m venv .venv
	$(drop-other-build)
	@rm -f .venv/installed-*
	$(expect-$(BUILD))
	$(PIP) setuptools
	$(PIP) --no-build-isolation -e .
	$(verify-$(BUILD))
	@touch $@

$(DEV): $(SERVE)
	$(PIP) --no-build-isolation -e '.[dev,train]'
	@touch $@
