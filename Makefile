# The front door. Every target does all its set-up by itself on Debian 12; `make help` lists them.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
BENCH ?=
MINUTES ?= 30
SEEDS ?= 1..1000

.PHONY: help build demo test test-asan test-tsan simulate damage bench soak lint lint-all format install clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

build: ## the program: build/leat
	@tools/setup build
	@cmake --preset release --log-level=WARNING
	cmake --build build -j $(JOBS) --target leat

demo: build ## starts the example system, tells its story with measured times, stays up on a terminal
	@tools/setup demo
	@tools/demo

test: ## builds everything and runs the whole suite
	@tools/setup build test
	@cmake --preset release --log-level=WARNING
	cmake --build build -j $(JOBS) --target all benches
	ctest --test-dir build --output-on-failure --no-tests=error -j $(JOBS)

test-asan: ## the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/setup build test
	@cmake --preset asan --log-level=WARNING
	cmake --build build-asan -j $(JOBS) --target unit_tests
	ctest --test-dir build-asan --output-on-failure --no-tests=error -j $(JOBS) -L unit

test-tsan: ## the unit tests under ThreadSanitizer, but the crash tests: those simulate all on one thread
	@tools/setup build test
	@cmake --preset tsan --log-level=WARNING
	cmake --build build-tsan -j $(JOBS) --target unit_tests
	ctest --test-dir build-tsan --output-on-failure --no-tests=error -j $(JOBS) -L unit -E Crash

simulate: ## crashes the whole chain from many seeds: SEEDS=1..1000, or one to see its story
	@tools/setup build test
	@cmake --preset release --log-level=WARNING
	cmake --build build -j $(JOBS) --target simulate
	build/simulate --seeds $(SEEDS)

damage: ## flips every bit and cuts at every length of small logs; ten minutes and more
	@tools/setup build test
	@cmake --preset release --log-level=WARNING
	cmake --build build -j $(JOBS) --target log_test
	LEAT_DAMAGE=all build/log_test --gtest_filter='*Damage*'

bench: ## every benchmark beside its limit, under ten minutes; BENCH="query start" picks some
	@tools/setup build bench
	@cmake --preset release --log-level=WARNING
	cmake --build build -j $(JOBS) --target leat benches
	@tools/bench $(BENCH)

soak: ## half an hour at 60 % load, the last minute beside the first; MINUTES=30
	@tools/setup build bench
	@cmake --preset release --log-level=WARNING
	cmake --build build -j $(JOBS) --target leat benches
	@tools/bench --minutes $(MINUTES) soak

lint: ## clang-format and clang-tidy on what you changed
	@tools/setup build lint
	@cmake --preset release --log-level=WARNING
	@tools/lint

lint-all: ## clang-format on every file, clang-tidy on the changed ones
	@tools/setup build lint
	@cmake --preset release --log-level=WARNING
	@tools/lint --format-all

format: ## rewrites every file as .clang-format says
	@tools/setup lint
	git ls-files -co --exclude-standard '*.cpp' '*.h' | xargs clang-format-19 -i

install: build ## puts the program below PREFIX (/usr/local)
	cmake --install build --prefix $(PREFIX)

clean: ## removes every build directory
	rm -rf build build-*
