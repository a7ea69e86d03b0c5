#!/bin/bash
# The long sweeps, by hand, after setup.sh: test_long.sh <generated cases each way> [arguments of tests.long]
set -euo pipefail
cd "$(dirname "$0")/.."
cases=${1:-20000}
.venv/bin/python -m tests.long --cases "$cases" "${@:2}"
echo "The long sweeps passed."
