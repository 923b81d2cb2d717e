# The template's own commands. `make demo` and `make test` need Python 3.11 or newer, make and git.

.DEFAULT_GOAL := help
.PHONY: help setup demo docs pictures test test-slow benchmark sizes check format lock release clean

PYTHON ?= python3
DEMO := build/flight-delay
INSTALLED := .venv/.installed
# Not ARGS: every make that a test calls would get it, too.
TIER := slow

# The rendered project's setup looks for uv on PATH, and finds the one in our environment.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(INSTALLED) ## install the harness into .venv

# `pip install --group` needs a newer pip than a fresh virtual environment holds. -qq still shows
# errors, and hides warnings about indexes and caches that nobody can act on here.
$(INSTALLED): pyproject.toml constraints.txt
	@rm -rf .venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + ". Try: make $(MAKECMDGOALS) PYTHON=python3.11")'
	@echo "Setting up the harness in .venv (about 60 MB of downloads)"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install -qq --constraint constraints.txt pip
	@.venv/bin/python -m pip install -qq --constraint constraints.txt --group dev
	@touch $@

demo: $(INSTALLED) ## render the default project into build/, set it up and run its demo
	@mkdir -p $(DEMO)
	@# A new render, but the environment of the last one: making it anew takes a minute.
	@find $(DEMO) -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -rf {} +
	@echo "1/3  Rendering the template with its default answers into $(DEMO)"
	@cookiecutter . --no-input --default-config --overwrite-if-exists --output-dir build
	@echo
	@echo "2/3  Setting the project up: make setup"
	@$(MAKE) --no-print-directory -C $(DEMO) setup
	@echo
	@echo "3/3  Data, training, serving, scoring, monitoring: make demo"
	@$(MAKE) --no-print-directory -C $(DEMO) demo
	@echo
	@echo "The project is in $(DEMO). Look around, and start with its README.md."

docs: $(INSTALLED) ## the template's pages as a site: build/docs/index.html
	@uv tool run --quiet --constraints constraints.txt --from sphinx --with furo --with myst-parser \
	  sphinx-build --quiet --fresh-env --fail-on-warning --nitpicky --doctree-dir build/.doctrees docs build/docs $(ARGS)
	@echo "Open build/docs/index.html"

pictures: $(INSTALLED) ## take the pictures of docs/ anew, of what make demo has left
	@$(DEMO)/.venv/bin/python docs/pictures.py $(DEMO) docs/pictures

test: $(INSTALLED) ## check the template, what it renders, and the rendered project end to end
	@pytest -m "not slow"

test-slow: $(INSTALLED) ## the checks that take too long for every day
	@pytest -m "$(TIER)"

benchmark: $(INSTALLED) ## measure beside peers and write BENCHMARKS.md; choose with ARGS=etl
	@python benchmarks/run.py $(ARGS)

sizes: $(INSTALLED) ## what is left with an owner, in lines and bytes  (ARGS=--write keeps it in sizes.toml)
	@PYTHONPATH=tests python tests/sizes.py $(ARGS)

check: $(INSTALLED) ## format, lint and types of the hooks and the harness
	black --check --quiet .
	ruff check --quiet .
	mypy

format: $(INSTALLED) ## put the hooks and the harness into the house's format
	ruff check --quiet --fix-only .
	black --quiet .

lock: $(INSTALLED) ## choose the newest versions again and write constraints.txt
	@echo "# The exact versions that the harness is tested with, written by make lock." > constraints.txt
	uv pip compile --group dev --group docs --universal --python-version 3.11 --no-annotate --no-header --quiet \
	  >> constraints.txt

release: $(INSTALLED) ## tag the version that cookiecutter.json names, once CHANGELOG.md has its entry
	@pytest -q tests/test_release.py
	@git diff --quiet HEAD || { echo "error: commit first"; exit 1; }
	@version=v$$(sed -n 's/.*"_version": "\(.*\)".*/\1/p' cookiecutter.json); \
	  git tag --annotate "$$version" --message "Release $$version" && echo "Tagged $$version; publish it: git push origin $$version"

clean: ## remove everything that make made
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache
