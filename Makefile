# Every command a person needs. They make their own environment in .venv; nothing else of your machine is touched.

PORT ?= 8000
# Any Python from 3.11 on: yours first, then the newest that works.
PYTHON ?=
BIN = .venv/bin
EXTRAS = dev,lms,postgres
SEEDS ?= 1
SIZE ?= soak

.DEFAULT_GOAL := help
.PHONY: help install demo demo-reset test soak mutate coverage lint audit format matrix bench screenshots messages docs

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

install: .venv/.installed ## the environment in .venv (the other commands do this by themselves)

.venv/.installed: setup.cfg pyproject.toml
	@test -x $(BIN)/python || { \
	  for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$candidate"; break; fi; \
	  done; \
	  test -n "$$found" || { echo "Python 3.11 or newer is needed and was not found. Name it with make PYTHON=/path/to/python3."; exit 1; }; \
	  echo "Making .venv with $$("$$found" --version)"; \
	  "$$found" -m venv .venv || { rm -rf .venv; echo "This Python cannot make environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }; \
	}
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $@

demo: .venv/.installed ## the example school with a stand-in for Stripe (PORT=8000)
	$(BIN)/python manage.py demo --port $(PORT)

demo-reset: ## forget what happened in the demo
	rm -rf .demo

test: .venv/.installed ## everything this machine can test; says what it cannot, and why
	@$(BIN)/python scripts/test.py $(ARGS)

soak: .venv/.installed ## the tests of faults at their largest, seed after seed, and one table (SEEDS="1 2 3" SIZE=soak)
	@$(BIN)/python scripts/soak.py --seeds "$(SEEDS)" --size $(SIZE) $(ARGS)

mutate: .venv/.installed ## take each of the eight guards out of a copy: a test must notice (needs PostgreSQL)
	@$(BIN)/python scripts/mutate.py $(ARGS)

coverage: .venv/.installed ## which lines no test runs
	$(BIN)/coverage run -m pytest -m "not browser and not postgres"
	$(BIN)/coverage report

lint: .venv/.installed ## style, import contracts, types, templates, migrations, translations, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/djlint lms_memberships example_site --check --lint --quiet
	$(BIN)/python manage.py makemigrations --settings example_site.settings.test --check --dry-run lms_memberships example_site
	$(BIN)/python scripts/catalogues.py check
	$(BIN)/python -m pytest -q -n 0 tests/test_house_rules.py tests/security/test_comparisons.py

audit: .venv/.installed ## known vulnerabilities and dangerous habits (bandit, pip-audit)
	@$(BIN)/python scripts/audit.py

format: .venv/.installed ## let the formatters write
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint lms_memberships example_site --reformat --quiet

matrix: .venv/.installed ## the tests on every supported end of Python, Django and Wagtail
	$(BIN)/nox

bench: .venv/.installed ## how fast, beside its peers
	$(BIN)/python -m benchmarks

screenshots: .venv/.installed ## every screen, for the documentation
	$(BIN)/python scripts/screenshots.py

messages: .venv/.installed ## collect and compile the texts of all languages
	$(BIN)/python scripts/catalogues.py update

docs: .venv/.installed ## build the documentation in build/docs/
	$(BIN)/python -m pip install --quiet 'mkdocs>=1.6'
	$(BIN)/mkdocs build --strict
