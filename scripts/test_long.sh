#!/bin/bash
# The long sweeps, by hand, after setup.sh: test_long.sh <generated cases each way>
set -euo pipefail
cd "$(dirname "$0")/.."
cases=${1:-20000}
echo "== $cases generated schemas and tables through both engines, in every direction"
.venv/bin/python -m tests.interop.sweep --cases "$cases" --jobs "$(nproc)"
echo "The long sweeps passed."
