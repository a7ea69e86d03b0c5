#!/bin/bash
# Every benchmark, after setup.sh: prints ratios against pylance and Parquet, engines interleaved in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python -m benchmarks "$@"
