# Every verb is one line, and CI and pre-commit call the same ones. ARGS adds to a command:
#   make test ARGS="-k rooms"      make lock ARGS=--upgrade      make run PORT=9000
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
NODE_BIN := node_modules/.bin

.DEFAULT_GOAL := help
.PHONY: help run dev test check page format bench soak lock clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s%s\n", $$1, $$2}' Makefile

run: .venv/ready ## serve on HOST:PORT (127.0.0.1:8080) with the memory backend
	@$(BIN)/switchboard serve $(ARGS)

dev: .venv/ready ## server with reload, ARQ worker and Redis, all in one
	@$(BIN)/switchboard dev $(ARGS)

test: .venv/ready ## the whole test suite, save the soak tests
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: .venv/ready ## lint, format, types, import contracts, lock; with Node, the page too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/uv pip check --python $(BIN)/python
	@$(if $(HAS_NODE),$(MAKE) --no-print-directory page,$(NO_NODE); [ "$$REQUIRE_NODE" != 1 ])

page: node_modules/ready ## lint, format, types and unit tests of the web client
	$(NODE_BIN)/biome check --error-on-warnings
	$(NODE_BIN)/tsc
	node --test --test-reporter=spec tests/page/*.test.js

format: .venv/ready ## put the code into its agreed form, whatever lint still complains of
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .
	@$(if $(HAS_NODE),$(MAKE) --no-print-directory node_modules/ready && $(NODE_BIN)/biome format --write,$(NO_NODE))

bench: .venv/ready ## the benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

soak: .venv/ready ## the long tests, without a time limit
	@$(BIN)/pytest -m soak --timeout=0 $(ARGS)

lock: .venv/ready ## write requirements.lock anew from pyproject.toml, and package-lock.json from package.json
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --group dev -o requirements.lock $(ARGS) pyproject.toml
	@$(if $(HAS_NODE),npm install --package-lock-only --omit-lockfile-registry-resolved $(NPM_QUIET),$(NO_NODE))

clean: ## remove all that these verbs made
	rm -rf .venv node_modules build dist htmlcov .coverage* .hypothesis .*_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# .venv is made from the lock, whose hashes pip and uv check; uv's own lines in it bring uv itself.
# The stamp is written last and every try starts from nothing, so no .venv is used half built.
# Behind a mirror, pip takes its address from PIP_INDEX_URL and uv from UV_DEFAULT_INDEX.
.venv/locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo '$(PYTHON) is not Python 3.11 or newer. Name one that is: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo '$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'Building .venv from requirements.lock ...'
	@$(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/^ *# via/p' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/python -c 'import os; print(os.getcwd())' > $@

# The project itself, editable. Its build tools are in the lock too, so nothing is fetched unchecked.
.venv/ready: pyproject.toml .venv/locked
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# A virtual environment holds absolute paths: it is built anew when the folder was moved or copied,
# or when the Python under it is gone.
ifneq ($(shell $(BIN)/python -c 'import os; print(open(".venv/locked").read() == os.getcwd() + "\n")' 2>/dev/null),True)
.PHONY: .venv/locked
endif

# The page's linter and type checker, from package-lock.json, whose hashes npm checks. The page itself needs neither
# Node nor a build. Node 18 is the first with a test runner, and Debian 12's.
HAS_NODE = $(shell command -v npm >/dev/null && node -p 'parseInt(process.versions.node) >= 18 || ""' 2>/dev/null)
NO_NODE := echo 'Node 18 or newer and npm are not installed: the page is left out.'
NPM_QUIET := --ignore-scripts --no-audit --no-fund --loglevel=error

node_modules/ready: package.json package-lock.json
	@npm ci $(NPM_QUIET)
	@touch $@
