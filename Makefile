# The commands of this project. Each makes what it needs first; nothing is installed outside this folder, but for the
# browser that the tests open pages in (Debian's chromium, where this runs as root).

PYTHON ?= python3
PIP = -m pip install --quiet --disable-pip-version-check

.PHONY: run test test-fast browser postgresql azurite lint docs bench test-gpu torture test-contest test-image clean

run: .venv/ready ## the sample project, from annotations to an engine
	.venv/bin/detector init
	.venv/bin/detector run pipeline.yaml

test: .venv/ready-for-tests .venv-label-studio/ready browser postgresql azurite
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --no-loadscope-reorder

# No server, no training, no browser: what a single edit is likely to break, in under a minute.
FAST = tests/config tests/data tests/docs tests/label_studio tests/listen tests/page tests/orchestrator/test_results.py \
  tests/reporting/test_costs.py tests/sample tests/system tests/commands/test_diff.py tests/stages/convert --ignore tests/stages/convert/test_properties.py \
  tests/stages/pull/test_references.py tests/stages/pull/test_yolo.py tests/stages/check/test_rules.py \
  tests/measure/test_mistakes.py tests/stages/evaluate/test_pictures.py tests/stages/train/test_arguments.py \
  tests/test_conformance.py tests/test_structure.py

test-fast: .venv/ready-for-tests ## for each edit
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -q -n 2 -m 'not slow and not torture and not contest' $(FAST)

docs: .venv/ready-for-tests ## the tables of options in docs/, from the schemas
	.venv/bin/python docs/options.py

lint: .venv/ready-for-tests
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo --no-cache
	.venv/bin/hadolint Dockerfile

bench: .venv/ready-for-tests .venv-label-studio/ready ## one JSON line a figure
	for file in benchmarks/*.py; do .venv/bin/python $$file || exit 1; done

test-gpu: .venv/ready-for-tests ## on a machine with an NVIDIA GPU and TensorRT
	.venv/bin/python -m pytest -m gpu

torture: .venv/ready-for-tests .venv-label-studio/ready ## hundreds of kills, faults and broken inputs: an hour and more
	.venv/bin/python -m pytest -s -m torture

test-contest: .venv/ready-for-tests ## whether promote crowns what is better, and nothing else: an hour of trainings
	.venv/bin/python -m pytest -s -m contest

test-image: ## builds the image and runs it, with Docker or else with buildah and podman
	tests/image/run.sh

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) -c constraints.txt -e .
	touch $@

.venv/ready-for-tests: .venv/ready
	.venv/bin/python $(PIP) -c constraints.txt -e '.[dev]'
	touch $@

.venv-label-studio/ready: constraints-label-studio.txt
	$(PYTHON) -m venv .venv-label-studio
	.venv-label-studio/bin/python $(PIP) -c constraints-label-studio.txt label-studio
	touch $@

browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "no chromium here: the tests that look at pages are skipped"

postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null; } \
	  || echo "no PostgreSQL here: the test of a record that is kept in one is skipped"

azurite:
	@[ -d .cache/azurite/node_modules ] || { command -v npm >/dev/null \
	  && npm install --prefix .cache/azurite --silent --no-audit --no-fund azurite@3.37.0 >/dev/null; } \
	  || echo "no Node.js here: the tests of pictures in Azure's storage are skipped"

clean: ## everything that make made, but no data set and no run
	rm -rf .venv .venv-label-studio .cache
