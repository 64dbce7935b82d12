# codestilts: the commands a person types. `make` alone lists them. Works with GNU make 3.81 (macOS) and later.

# The first Python on the PATH that the locked packages have wheels for; or name one: make install PYTHON=python3.12
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  if $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; \
  then echo $$p; exit; fi; done; echo python3)

# Build of torch: auto, cpu or cuda; TORCH_INDEX is the address of PyTorch's CPU wheel index, if pip does not know it.
TORCH ?= auto
TORCH_INDEX ?=

INSTALL = $(PYTHON) images/install.py --torch "$(TORCH)" $(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)")
BIN = .venv/bin

# What `codestilts run` is given: only what was asked for; it chooses and explains the rest itself.
RUN_OPTIONS = $(if $(SUITE),"$(SUITE)") $(if $(RUNNER),--runner "$(RUNNER)") $(if $(DATA),--data "$(DATA)") \
  $(if $(STORE),--store "$(STORE)") $(ARGS)
SITE_OPTIONS = $(if $(SUITE)$(STORE),--results "$(or $(STORE),store)/results/$(or $(SUITE),mini)") \
  $(if $(OUT),--out "$(OUT)") $(ARGS)

.PHONY: help images install install-dev benchmark site check format test clean

help:
	@echo "make benchmark    install what is needed, run a suite, write the leaderboard"
	@echo "                    [SUITE=real-small] [DATA=folder] [STORE=folder] [RUNNER=local|docker] [ARGS='--workers 1']"
	@echo "make site         write the pages again from kept results [SUITE=mini] [STORE=folder] [OUT=folder]"
	@echo "make install      make .venv from the hash locks [TORCH=auto|cpu|cuda] [TORCH_INDEX=url] [PYTHON=python3.12]"
	@echo "make images       build the images that stages run in [WHEELS=folder] [BASE=image [TORCH=cpu]] [ARGS='--ca-bundle file']"
	@echo "make check        lint, formatting, types, dependencies"
	@echo "make test         every test this machine can run, and which it could not [ARGS='tests/harness -x']"
	@echo "make format       put the code into the house format"
	@echo "make clean        remove .venv and caches; the store and its results stay"

install:
	@$(INSTALL)

install-dev:
	@$(INSTALL) --dev

benchmark: install
	$(BIN)/codestilts run $(RUN_OPTIONS)

site: install
	$(BIN)/codestilts site build $(SITE_OPTIONS)

# BASE is another base than the lock's, without torch if TORCH is cpu or cuda; WHEELS a folder that `codestilts images wheelhouse` has filled.
images: install
	$(if $(BASE),$(BIN)/codestilts images lock --base "$(BASE)" $(if $(filter cpu cuda,$(TORCH)),--torch $(TORCH)))
	$(BIN)/codestilts images build $(if $(WHEELS),--wheelhouse "$(WHEELS)") $(ARGS)
	$(BIN)/codestilts images check

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/deptry .
	MYPYPATH=images $(BIN)/mypy images/install.py images/lock.py images/in_image.py images/in_addition.py images/wheelhouse.py images/debootstrap_base.py

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: install-dev
	$(BIN)/pytest $(ARGS)

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
