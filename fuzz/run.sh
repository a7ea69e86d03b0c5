#!/bin/bash
# Runs libFuzzer targets one after the other: run.sh <folder of fuzz_* programs> <seconds each> [names...]
# Seeds come from fuzz/corpus/<name> and fuzz/regressions/<name>; new inputs go to <folder>/corpus/<name>, crashes to
# <folder>/crashes/<name>-*. Fails when any target crashed. Each run is a line in <folder>/tally (with seconds
# of processor time), which lives as long as the build folder.
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

# Three times the runs for what these look after: stacks used after return, long traces, freed blocks kept in plenty. Leaks are
# looked for by the replay of the tests.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=0:malloc_context_size=4:quarantine_size_mb=16}

failed=()
TIMEFORMAT='%U %S'
for name in "${names[@]}"; do
  mkdir -p "$bin/corpus/$name" "$bin/crashes"
  folders=("$bin/corpus/$name")
  for seeds in "$here/corpus/$name" "$here/regressions/$name"; do [ -d "$seeds" ] && folders+=("$seeds"); done
  { time "$bin/fuzz_$name" -max_total_time="$seconds" -timeout=300 -rss_limit_mb=2048 -malloc_limit_mb=512 -print_final_stats=1 \
      -entropic=0 -detect_leaks=0 -max_len="${FUZZ_MAX_LEN:-4096}" \
      -artifact_prefix="$bin/crashes/$name-" "${folders[@]}" >"$bin/$name.log" 2>&1; } 2>"$bin/$name.cpu"
  rc=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$bin/$name.log")
  coverage=$(grep -o 'cov: [0-9]*' "$bin/$name.log" | tail -1)
  # Of processor time: what else the machine does, or a pause, does not count.
  awk -v name="$name" -v runs="${runs:-0}" -v coverage="${coverage:-cov: ?}" -v rc=$rc \
    '{ cpu = $1 + $2; printf "%s %d runs, %.1f s, %d/s, %s, exit %d\n", name, runs, cpu, runs / (cpu > 0 ? cpu : 1), coverage, rc }' \
    "$bin/$name.cpu" | tee -a "$bin/tally"
  if [ $rc -ne 0 ]; then failed+=("$name"); tail -40 "$bin/$name.log"; fi
done
awk '{ runs += $2; cpu += $4 } END { printf "on record: %d runs in %d s\n", runs, cpu }' "$bin/tally"
[ ${#failed[@]} -eq 0 ] || { echo "crashes in: ${failed[*]} (inputs: $bin/crashes)" >&2; exit 1; }
