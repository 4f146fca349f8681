# Every target sets up .venv first, if need be (setup.sh). PYTHON=/path/to/python chooses another.
# PACK=folder reports on evidence of your own; TESTS='-k name' passes options to pytest, LAB=... to
# JupyterLab.

BIN := .venv/bin
PACK ?= data/samples
TESTS ?=
LAB ?=

.DEFAULT_GOAL := report
.PHONY: site report test test-slow test-all lint format docs lab bench lock setup clean

report: setup
	$(BIN)/riskkit report $(PACK) --fail-on never

# The linters, and every test that runs in seconds without a server.
test: lint
	$(BIN)/pytest -m "not slow" -n auto --dist loadfile $(TESTS)

# What needs real servers, a browser, fuzzing or minutes.
test-slow: setup
	$(BIN)/pytest -m slow $(TESTS)

test-all: test test-slow

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	git ls-files -z -- '*.ipynb' | xargs -0 -r $(BIN)/nbstripout --verify

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	git ls-files -z -- '*.ipynb' | xargs -0 -r $(BIN)/nbstripout

# docs/tables.md, docs/checks.md and docs/coverage.md, from the code.
docs: setup
	$(BIN)/python docs/generate.py

# The documentation site into build/site: strict, and without the network.
site: docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Only this machine reaches it, with the token in the address that it prints, and it asks the
# internet for nothing: no news, no updates, no extensions. Nor does it ask the reader about them
# (lab/labconfig), which without the setting it does although they are off.
lab: setup
	JUPYTER_CONFIG_PATH="$(CURDIR)/lab$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=notebooks \
		--LabApp.extension_manager=readonly --LabApp.news_url=None \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(LAB)

bench: setup
	@for script in benchmarks/*.py; do \
		echo "== $$script"; $(BIN)/python -m "benchmarks.$$(basename "$$script" .py)" || exit 1; \
	done

# The newest releases that pyproject.toml allows, one version for every Python and system.
lock: setup
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra lab --upgrade \
		--universal --fork-strategy fewest --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--quiet --output-file requirements.lock

setup:
	@./setup.sh

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
