#!/bin/bash
# Every test, after setup.sh: C++ units and example, hostile bytes under sanitizers, Python, interop with pylance.
# Goes on after a failure, and ends with one line for each suite.
set -uo pipefail
cd "$(dirname "$0")/.."
results=()
failed=0

suite() {
  local name=$1 start=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then results+=("passed  $name ($((SECONDS - start)) s)"); else
    results+=("FAILED  $name ($((SECONDS - start)) s)")
    failed=1
  fi
}

cpp_tests() { cmake --preset dev >build/dev.log && cmake --build --preset dev && ctest --preset dev -j "$(nproc)" --progress; }
hostile_bytes() {
  cmake --preset asan >build/asan.log && cmake --build --preset asan --target fuzz_targets &&
    ctest --preset asan -L fuzz -j "$(nproc)" --progress
}
python_tests() { .venv/bin/python -m pytest "$@"; }

# Tests start hundreds of processes, each of which would compile what it imports.
unset PYTHONDONTWRITEBYTECODE
mkdir -p build
suite "C++ units" cpp_tests
[ ! -f fuzz/CMakeLists.txt ] || suite "hostile bytes under ASan and UBSan" hostile_bytes
suite "Python" python_tests tests/python
[ ! -d tests/interop ] || suite "interop with pylance" python_tests tests/interop
suite "crashes, power cuts, many writers" python_tests tests/crash

printf '\n== summary\n'
printf '%s\n' "${results[@]}"
if [ $failed -eq 0 ]; then echo "All tests passed."; else echo "Some tests FAILED."; fi
exit $failed
