# Lingbao. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-browser setup-postgres build site run test check unit sizes e2e screenshots bench days soak plant races audit

# One folder of build products for local work and CI, outside the clone; nothing depends on it being there.
export CARGO_TARGET_DIR ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/lingbao/target
# Always naming the host target keeps compiler flags away from proc macros: the WASM build reuses them.
TARGET := --target host-tuple
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
BIN = $(CARGO_TARGET_DIR)/$(HOST)/debug
# clippy runs as the compiler of our own crates, so that nothing is checked twice.
LINT = RUSTC_WORKSPACE_WRAPPER="$$(rustc --print sysroot)/bin/clippy-driver" CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"
PART := .ci/part
# Without a package: naming one would build the shared crates again with fewer features.
STORIES = --test it -- --skip tidy:: --skip weights::

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

setup: ## Checks, installs and downloads what building needs (Rust by rustup, a C compiler, the crates)
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust from https://rustup.rs and try again"; exit 1; }
	@command -v rustup >/dev/null || { echo "make: rustup is missing; install Rust from https://rustup.rs (a distribution's cargo has no WASM target)"; exit 1; }
	@command -v cc >/dev/null || { echo "make: a C compiler is missing (Debian: apt-get install gcc libc6-dev)"; exit 1; }
	@rustup target list --installed 2>/dev/null | grep -q wasm32-unknown-unknown || { echo "adding the WASM target (seconds)"; rustup target add wasm32-unknown-unknown; }
	@.ci/fetch

setup-browser: ## Installs what browser tests need (node 20, Chromium, playwright-core)
	@.ci/setup-browser

setup-postgres: ## Installs what stories on PostgreSQL need (the server's programs; nothing is started)
	@.ci/setup-postgres

build: setup ## Builds server, simulator and xtask (two minutes from cold on two cores, seconds after)
	@$(PART) "build" env $(LINT) cargo build $(TARGET) --quiet --tests --bins --benches

site: setup ## Builds the dashboard's WASM (two minutes from cold; skipped when nothing changed)
	@$(PART) "dashboard WASM" env $(LINT) cargo run --quiet $(TARGET) -p xtask -- site --profile wasm-release

run: build site ## Builds everything, starts the simulator and the server with a demo campaign, prints where to look
	@LINGBAO_BIN="$(BIN)" simulator/demo.sh

test: setup ## All checks: format, lints, unit, stories, crash points, sizes, browser
	@echo "make test: about 10 minutes from cold on two quiet cores, 4 when built before"
	@$(MAKE) --no-print-directory setup-browser setup-postgres check e2e
	@echo "make test: everything passed"

check: setup ## Everything but the browser
	@$(PART) "format" cargo fmt --all --check
	@$(MAKE) --no-print-directory unit site sizes

unit: setup setup-postgres ## Lints and tests of all crates (tables, golden bytes, stories on both databases, crash points)
	@$(PART) "lints and build" env $(LINT) cargo build $(TARGET) --quiet --tests --bins --benches
	@$(PART) "tests" env $(LINT) cargo test $(TARGET) --quiet
	@$(PART) "stories on PostgreSQL" env $(LINT) LINGBAO_TEST_DATABASE=postgres cargo test $(TARGET) --quiet $(STORIES)

races: build setup-postgres ## Stories on PostgreSQL under SERIALIZABLE, one commit in four refused: the stand-in for distributed engines
	@$(PART) "stories on PostgreSQL, SERIALIZABLE, one commit in four refused" env $(LINT) \
		LINGBAO_TEST_DATABASE=postgres LINGBAO_LOSES_RACES=4 cargo test $(TARGET) --quiet $(STORIES)

sizes: site ## Weight of the dashboard's first page against its budget
	@$(PART) "xtask tests" env $(LINT) cargo test $(TARGET) --quiet -p xtask
	@$(PART) "sizes" env $(LINT) cargo run --quiet $(TARGET) -p xtask -- sizes

e2e: build site setup-browser ## Browser tests: phones, claim page, dashboard
	@$(PART) "browser" env LINGBAO_BIN="$(BIN)" node --test --test-concurrency=1 end2end/*.test.mjs

screenshots: build site setup-browser ## Every page, phone and desktop size, light and dark, into ./screenshots
	@LINGBAO_BIN="$(BIN)" node end2end/screenshots.mjs screenshots

bench: setup ## Claims/s beside rivals, disk and PostgreSQL, in one run of ten minutes (and a release build from cold)
	@bench/setup
	@ulimit -n 8192 2>/dev/null; $(PART) "bench" cargo bench $(TARGET) -p server --bench throughput

# Long runs of faults are built by a profile of their own (crash points stay, but code is optimised): from cold that takes
# ten minutes on two quiet cores, once.
FAULTS = env $(LINT) cargo test $(TARGET) --profile soak --quiet -p server --test it -- --nocapture --test-threads=1

days: setup ## Days drawn from a seed, full of faults and deaths, in one thread (LINGBAO_SEED= replays one, LINGBAO_DAYS=, LINGBAO_STORMS=)
	@$(FAULTS) days::days_full

MINUTES ?= 10
SOAK_LOG ?= soak-log

soak: setup ## Seeded days, and beside them real servers killed again and again, for MINUTES=10; keeps its logs in ./soak-log
	@$(FAULTS) --list >/dev/null
	@LINGBAO_SOAK_MINUTES=$(MINUTES) .ci/soak $(SOAK_LOG) $(FAULTS)

plant: setup ## Plants nine bugs in a copy, one after the other, and shows that the seeded days find each (a quarter of an hour)
	@.ci/plant

audit: ## Licences, advisories, unused dependencies, docs (needs the network, cargo-deny and cargo-machete)
	cargo deny check
	cargo machete
	RUSTDOCFLAGS="-D warnings" cargo doc $(TARGET) --no-deps
