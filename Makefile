# All that a fresh machine needs is python3 with pip, and make: the rest is fetched here.

SHELL := /bin/sh
TOOLS := .tools
VENV  := .venv
UV    := PYTHONPATH=$(TOOLS) python3 -m uv
RUN   := $(VENV)/bin/python
ARGS  ?=
JOBS  ?= 2

.DEFAULT_GOAL := help

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(TOOLS)/uv:
	@echo "fetching uv"
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target $(TOOLS) --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/bin/python: | $(TOOLS)/uv
	@$(UV) venv --quiet --allow-existing $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@test -e $(VENV)/.dev || { echo "installing what Posthouse runs on"; \
	  $(UV) pip sync --quiet --python $(RUN) --require-hashes requirements/run.txt; \
	  $(UV) pip install --quiet --python $(RUN) --no-deps --editable .; }
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing what Posthouse is made with"
	@$(UV) pip sync --quiet --python $(RUN) --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(RUN) --no-deps --editable .
	@touch $@ $(VENV)/.run

run: $(VENV)/.run ## start Posthouse; without a configuration, in development mode
	@exec $(RUN) -m posthouse serve $(ARGS)

debug: $(VENV)/.dev ## the same, started again whenever the source changes
	@exec $(RUN) -m watchfiles --filter python "$(RUN) -m posthouse serve $(ARGS)" src

interactive: $(VENV)/.dev ## a shell in the environment
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(VENV)/bin:$$PATH" exec $${SHELL:-/bin/sh} -i

test: $(VENV)/.dev ## run the tests
	@$(RUN) -m pytest -n $(JOBS) $(ARGS)

coverage: $(VENV)/.dev ## run the tests and show what they do not reach
	@$(RUN) -m coverage erase
	@$(RUN) -m coverage run -m pytest -q --ignore=tests/faults $(ARGS)
	@$(RUN) -m coverage combine --quiet && $(RUN) -m coverage report --skip-covered

lint: $(VENV)/.dev ## format, lint, types, directions of imports
	@$(VENV)/bin/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-cache

check: lint test supply ## everything that must hold before a commit

format: $(VENV)/.dev ## put the source into its one form
	@$(VENV)/bin/ruff format --quiet . && $(VENV)/bin/ruff check --quiet --fix .

bench: $(VENV)/.dev ## measure this machine: Posthouse beside bare loops of the same steps, and Postfix
	@$(RUN) -m posthouse bench $(ARGS)
	@$(RUN) -m bench.routing

soak: $(VENV)/.dev ## the fault tests, longer: make soak SEED=1 KILLS=150 CUTS=50 RELOADS=1000
	@set -a; $(foreach name,SEED KILLS CALLS DRAINS CUTS POSTGRES_CUTS RESTARTS FREEZES STEPS MOODS BACKLOG RELOADS,$(if $($(name)),POSTHOUSE_$(name)=$($(name));)) \
	  POSTHOUSE_SOAK=1 exec $(RUN) -m pytest -q -s -x -m 'soak or not soak' $(or $(FAULTS),tests/faults) $(ARGS)

.venv-moto/.made: requirements/moto.txt | $(TOOLS)/uv
	@echo "fetching moto, which plays Amazon SES"
	@$(UV) venv --quiet --allow-existing .venv-moto
	@$(UV) pip sync --quiet --python .venv-moto/bin/python --require-hashes requirements/moto.txt
	@touch $@

moto: .venv-moto/.made ## fetch moto, which plays Amazon SES in the end-to-end tests

.PHONY: moto

.venv-locust/.made: requirements/locust.txt | $(TOOLS)/uv
	@echo "fetching Locust, which plays users"
	@$(UV) venv --quiet --allow-existing .venv-locust
	@$(UV) pip sync --quiet --python .venv-locust/bin/python --require-hashes requirements/locust.txt
	@touch $@

locust: .venv-locust/.made ## fetch Locust, which plays users in a load test

.PHONY: locust

.venv-deploy/.made: deploy/requirements/tools.txt | $(TOOLS)/uv
	@echo "fetching what checks the files of deploy/"
	@$(UV) venv --quiet --allow-existing .venv-deploy
	@$(UV) pip sync --quiet --python .venv-deploy/bin/python --require-hashes deploy/requirements/tools.txt
	@touch $@

deploy-tools: .venv-deploy/.made ## fetch what the tests of deploy/ check with

packages: $(VENV)/.dev deploy-tools ## packages and deployment, the long tests too (root)
	@$(RUN) -m pytest -q -m 'soak or not soak' tests/deploy $(ARGS)

sbom: .venv-deploy/.made ## what is shipped, as a bill of materials (CycloneDX)
	@mkdir -p dist && .venv-deploy/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible -o dist/posthouse.cdx.json requirements/run.txt

audit: .venv-deploy/.made ## known holes in what is pinned; needs an advisory service
	@.venv-deploy/bin/python deploy/advisories.py

supply: sbom ## the bill of materials, and the audit where an advisory service is reached
	@.venv-deploy/bin/python deploy/advisories.py --if-reachable

licences: $(VENV)/.dev ## write docs/licences.md afresh
	@$(RUN) deploy/licences.py

requirements: $(TOOLS)/uv ## pin the dependencies afresh, after a change of pyproject.toml
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml -o requirements/run.txt
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	@for n in build tools; do $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url deploy/requirements/$$n.in -o deploy/requirements/$$n.txt; done
	@$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url docs/requirements.in -o docs/requirements.txt

reference: $(VENV)/.dev ## write the generated pages of docs/ afresh
	@$(RUN) docs/make

.venv-docs/.made: docs/requirements.txt | $(TOOLS)/uv
	@echo "fetching what builds the site"
	@$(UV) venv --quiet --allow-existing .venv-docs
	@$(UV) pip sync --quiet --python .venv-docs/bin/python --require-hashes docs/requirements.txt
	@touch $@

docs-tools: .venv-docs/.made ## fetch what builds the site, for its tests

docs: .venv-docs/.made ## build the site of docs/ to build/site
	@.venv-docs/bin/zensical build --strict --clean
	@python3 docs/make/links.py build/site

docs-serve: .venv-docs/.made ## show the site on http://localhost:8000, built again after each change
	@.venv-docs/bin/zensical serve

.PHONY: docs docs-tools docs-serve

clean: ## remove what was fetched and made
	@rm -rf $(TOOLS) $(VENV) .venv-moto .venv-locust .venv-deploy .venv-docs .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

.PHONY: help run debug interactive test coverage lint check format bench soak requirements reference clean deploy-tools packages sbom audit supply licences
