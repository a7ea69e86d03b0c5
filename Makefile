# The verbs a person types. Each one does the set-up that it needs; a second run finds it done.
PYTHON ?= python3
export PYTHON TORCH
VENV := .venv/bin
FUZZ_SECONDS ?= 60
LONG_CASES ?= 20000

.PHONY: help demo test test-long bench fuzz format clean

help:
	@echo "make demo       set up, build, and run the main job on a real Landsat scene (examples/landsat)"
	@echo "make test       set up, build, and run every test: C++, Python, interop with pylance, hostile bytes"
	@echo "make test-long  the long sweeps (LONG_CASES=$(LONG_CASES) generated cases each way)"
	@echo "make bench      ratios against pylance and Parquet, engines interleaved in one run"
	@echo "make fuzz       libFuzzer on every decoder of stored bytes (FUZZ_SECONDS=$(FUZZ_SECONDS) each)"
	@echo "make format     clang-format and ruff over the sources"
	@echo "make clean      removes build/, out/ and .venv/"

demo:
	@scripts/setup.sh demo
	@$(VENV)/python examples/landsat/demo.py

test:
	@scripts/setup.sh test
	@scripts/test.sh

test-long:
	@scripts/setup.sh test
	@scripts/test_long.sh $(LONG_CASES)

bench:
	@scripts/setup.sh test
	@scripts/bench.sh

fuzz:
	@scripts/setup.sh fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz --target fuzz_targets
	fuzz/run.sh build/fuzz/fuzz $(FUZZ_SECONDS)

format:
	@scripts/setup.sh format
	git ls-files '*.h' '*.cc' | xargs clang-format-16 -i
	git ls-files '*.py' | xargs $(VENV)/ruff format

clean:
	rm -rf build out .venv
