#!/bin/bash
# Sets up what a verb of the Makefile needs: setup.sh demo|test|fuzz|format
#
#   1. Debian packages: installed when we are root or may sudo without a password, otherwise named with the line to type.
#   2. .venv with the pinned packages of requirements/, from $PYTHON (default python3, at least 3.11).
#   3. The library and its Python bindings, installed editable into .venv.
#
# Each part leaves a stamp in .venv and is skipped while that is newer than what it was made from. Nothing ever prompts.
set -euo pipefail
cd "$(dirname "$0")/.."
verb=${1:?usage: setup.sh demo|test|fuzz|format}
python=${PYTHON:-python3}
started=$SECONDS
# Python would name the compiler otherwise than CMake does, and ccache take it for another one: the tests' build finds what this leaves.
export CC=${CC:-cc} CXX=${CXX:-c++}

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$@" >&2; exit 1; }

# ---- Debian packages ------------------------------------------------------------------------------------------------

packages() {
  local names=(g++ cmake ninja-build ccache mold pkg-config git libprotobuf-dev protobuf-compiler libzstd-dev liblz4-dev
               libroaring-dev libfmt-dev libhwy-dev libre2-dev)
  case $verb in
    test) names+=(libgtest-dev libgmock-dev libbenchmark-dev dataset-fashion-mnist wordnet-base) ;;
    fuzz) names+=(clang-16 libclang-rt-16-dev) ;;
    format) names=(git clang-format-16) ;;
  esac
  # A Python of one's own (pyenv, conda, ...) brings its headers and venv itself.
  case $(command -v "$python" || true) in
    "") names+=(python3 python3-venv python3-dev) ;;
    /usr/bin/python3*) names+=("$(basename "$python")-venv" "$(basename "$python")-dev") ;;
  esac
  printf '%s\n' "${names[@]}"
}

missing_packages() {
  local name
  for name in $(packages); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s ' "$name"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then env DEBIAN_FRONTEND=noninteractive "$@"; else sudo -n env DEBIAN_FRONTEND=noninteractive "$@"; fi
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "this is not Debian: taking for granted what these packages hold: $(packages | tr '\n' ' ')"
    return
  fi
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  local line="apt-get install -y --no-install-recommends $missing"
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    die "these Debian packages are missing: $missing" "install them with:  sudo $line" "then run make $verb again"
  fi
  say "installing Debian packages: $missing"
  local log
  log=$(mktemp)
  as_root apt-get update -qq >"$log" 2>&1 || say "apt-get update failed; trying with the lists at hand"
  if ! as_root $line -qq >>"$log" 2>&1; then
    tail -20 "$log" >&2
    die "could not install: $missing"
  fi
  rm -f "$log"
}

# ---- Python packages ------------------------------------------------------------------------------------------------

make_venv() {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$python is $("$python" --version 2>&1); 3.11 or newer is needed: make $verb PYTHON=python3.12"
  [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  say "making .venv from $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv >/dev/null 2>&1 ||
    die "$python cannot make a virtual environment; on Debian:  sudo apt-get install -y python3-venv"
}

# The requirements of a verb, as pip arguments.
requirements() {
  case $verb in
    demo|test) printf '%s\n' -r "requirements/$verb.txt"
               if [ -n "${TORCH:-}" ]; then printf '%s\n' "$TORCH"; else printf '%s\n' -r requirements/torch.txt; fi ;;
    format) printf '%s\n' "$(grep '^ruff' requirements/test.txt)" ;;
  esac
}

install_requirements() {
  local wanted stamp=.venv/.requirements-$verb
  wanted=$(cat requirements/*.txt; requirements)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  say "installing Python packages for make $verb (minutes when cold; PyTorch is the largest)"
  mapfile -t arguments < <(requirements)
  # pip's lines are the progress: its bars would not survive a log file. What is never imported need not be compiled.
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-compile --progress-bar off \
    "${arguments[@]}" >.venv/pip.log 2>&1 &
  local pip=$!
  while kill -0 $pip 2>/dev/null; do
    sleep 1
    show_last 's/^ *\(Collecting\|Downloading\|Processing\|Installing\|Using\) .*/&/p' .venv/pip.log
  done
  end_line
  wait $pip || { tail -30 .venv/pip.log >&2; die "pip could not install the packages; the whole log is .venv/pip.log"; }
  printf '%s' "$wanted" >"$stamp"
}

# ---- The library and the bindings -----------------------------------------------------------------------------------

bindings_are_current() {
  [ -f .venv/.bindings ] || return 1
  local newer
  newer=$(find CMakeLists.txt CMakePresets.json pyproject.toml cmake include src proto bindings/python python \
            -type f -newer .venv/.bindings -not -name '*_test.cc' -not -name '*_fuzz.cc' -not -name "*.pyc" -print -quit)
  [ -z "$newer" ]
}

build_bindings() {
  bindings_are_current && return
  say "building the library and the Python bindings on $(nproc) cores"
  local log=.venv/build.log
  touch .venv/.building
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --no-build-isolation --no-deps -v -e . \
    >"$log" 2>&1 &
  local pip=$!
  while kill -0 $pip 2>/dev/null; do
    sleep 1
    show_last 's/.*\(\[[0-9]*\/[0-9]*\]\) .*/compiled \1/p' "$log"
  done
  end_line
  wait $pip || { grep -m 20 -E 'error|Error' "$log" >&2; die "the build failed; the whole log is $log"; }
  mv .venv/.building .venv/.bindings
}

# Shows the last line of a log that a sed script selects: in place on a terminal, every ten seconds in a log file.
last_shown=
last_time=$SECONDS
show_last() {
  local text
  text=$(sed -n "$1" "$2" | tail -1 | cut -c1-100)
  if [ -z "$text" ] || [ "$text" = "$last_shown" ]; then return 0; fi
  if [ -t 1 ]; then
    printf '\r\033[Ksetup:   %s' "$text"
  elif ((SECONDS - last_time >= 10)); then
    say "  $text"
    last_time=$SECONDS
  else
    return 0
  fi
  last_shown=$text
}
end_line() { [ ! -t 1 ] || printf '\r\033[K'; }

install_packages
if [ "$verb" = fuzz ]; then say "ready"; exit 0; fi
make_venv
install_requirements
[ "$verb" = format ] || build_bindings
say "ready for make $verb after $((SECONDS - started)) s"
