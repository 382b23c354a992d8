# Every target does the set-up it needs; where that is done already it costs no time.
.PHONY: run serve setup test check bench lock clean

# One process for each core up to this many. Each starts a database and services of its own, as a
# test file first needs them: a file's tests stay together.
TEST_PROCESSES ?= 4

export PYTHONNOUSERSITE = 1

# Sets up everything, and serves the demo on http://127.0.0.1:$${PORT:-8080} until Ctrl-C.
run: setup
	@exec .venv/bin/sentinel-ows run

# Serves what the catalogue holds.
serve: setup
	@exec .venv/bin/sentinel-ows serve

setup:
	@setup/system-packages
	@setup/python-environment

test: check
	@setup/system-packages tests/packages.txt
	.venv/bin/pytest --numprocesses=auto --maxprocesses=$(TEST_PROCESSES) --dist=loadfile

check: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/sqlfluff lint catalog-sql

# Measures, and keeps the figures in bench/results: an hour on an idle machine, and at first another
# half to make full-size products and to install MapServer alone to measure against.
bench: setup
	@setup/system-packages bench/packages.txt
	.venv/bin/python -m bench.window_reads --keep
	OPENBLAS_NUM_THREADS=1 .venv/bin/python -m bench.read_stage --keep
	.venv/bin/python -m bench.remote_windows --keep
	.venv/bin/python -m bench.first_use --keep
	.venv/bin/python -m bench.remote_reads --keep
	.venv/bin/python -m bench.remote_geotiffs --keep
	.venv/bin/python -m bench.maps_against_mapserver --keep
	.venv/bin/python -m bench.maps_against_mapserver --keep --crs EPSG:32632
	.venv/bin/python -m bench.processes_or_threads --keep
	.venv/bin/python -m bench.catalogue_at_scale
	.venv/bin/python -m bench.ingest_rate

# Locks the newest versions that pyproject.toml allows.
lock: setup
	@setup/lock

# Removes the environment, the demo and its database. The built wheel stays in .cache.
clean:
	@setup/clean
