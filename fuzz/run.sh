#!/bin/bash
# Runs libFuzzer targets one after the other: run.sh <folder of fuzz_* programs> <seconds each> [names...]
# Seeds come from fuzz/corpus/<name> and fuzz/regressions/<name>; new inputs go to <folder>/corpus/<name>, crashes to
# <folder>/crashes/<name>-*. Fails when any target crashed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd) || exit 2
seconds=$2
shift 2
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for program in "$bin"/fuzz_*; do
    [ -f "$program" ] && [ -x "$program" ] && names+=("$(basename "$program" | sed 's/^fuzz_//')")
  done
fi
[ ${#names[@]} -gt 0 ] || { echo "no fuzz_* programs in $bin: build the preset 'fuzz' first" >&2; exit 2; }

failed=()
for name in "${names[@]}"; do
  mkdir -p "$bin/corpus/$name" "$bin/crashes"
  folders=("$bin/corpus/$name")
  for seeds in "$here/corpus/$name" "$here/regressions/$name"; do [ -d "$seeds" ] && folders+=("$seeds"); done
  "$bin/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512 -print_final_stats=1 \
    -max_len=1048576 -artifact_prefix="$bin/crashes/$name-" "${folders[@]}" >"$bin/$name.log" 2>&1
  rc=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$bin/$name.log")
  coverage=$(grep -o 'cov: [0-9]*' "$bin/$name.log" | tail -1)
  echo "$name: ${runs:-?} runs in ${seconds}s, ${coverage:-cov: ?}, exit $rc"
  if [ $rc -ne 0 ]; then failed+=("$name"); tail -40 "$bin/$name.log"; fi
done
[ ${#failed[@]} -eq 0 ] || { echo "crashes in: ${failed[*]} (inputs: $bin/crashes)" >&2; exit 1; }
