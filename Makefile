# Everything runs in .venv, which the targets make and keep up to date with setup.cfg.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: tag test check serve model bench bench-service test-system clean

tag: .venv/ready  ## tag the sample article
	$(BIN)/tagger tag samples/article.txt

test: .venv/ready-dev  ## run all tests
	$(BIN)/python -m pytest

check: .venv/ready-dev  ## lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: .venv/ready-service  ## serve the REST interface on http://127.0.0.1:8000
	$(BIN)/tagger-service

bench: .venv/ready-bench  ## measure speed against named peers (installs torch)
	$(BIN)/python -m bench.tag

bench-service: .venv/ready-service  ## measure the service under load; needs wrk (Debian: wrk)
	$(BIN)/python -m bench.service

test-system:  ## what some tests need from Debian's packages; run as root
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		chromium curl default-jre-headless nodejs postgresql uuid-runtime

# Each step goes on where it was: run the same line again. The first trainings are those that both
# the teachers' marks and the corpus are then learnt on top of.
model: .venv/ready-bench  ## train a model with large teachers, into build/default; hours
	@test -d "$(CORPUS)" -a -n "$(UNLABELLED)" || { echo 'make model CORPUS=folder UNLABELLED="paths" [RECALL="label=share"]'; exit 2; }
	$(BIN)/python -m training finetune --data $(CORPUS) --trainings 2 --output build/first
	$(BIN)/python -m training teach --data $(CORPUS) --texts $(UNLABELLED) --tokens 450000 --output build/teachers
	$(BIN)/python -m training finetune --data $(CORPUS) --teachers build/teachers --start build/first \
		--epochs 2 --unmarked 0.5 --output build/students
	$(BIN)/python -m training fit --data $(CORPUS) --encoder build/students --work build/fit --output build/default \
		$(foreach each,$(RECALL),--recall $(each))

clean:
	rm -rf .venv build dist *.egg-info

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python setup.cfg
	$(PIP) -e .
	touch $@

.venv/ready-service: .venv/bin/python setup.cfg
	$(PIP) -e .[service]
	touch $@

.venv/ready-dev: .venv/bin/python setup.cfg
	$(PIP) -e .[dev]
	touch $@ .venv/ready .venv/ready-service

.venv/ready-bench: .venv/bin/python setup.cfg
	$(PIP) -e .[finetune]
	touch $@
