# The front door. Every target does its own set-up.
JOBS ?= $(shell nproc)

.PHONY: build test
build:
	cmake --preset release
	cmake --build build -j $(JOBS)

test: build
	ctest --test-dir build --output-on-failure -j $(JOBS)
