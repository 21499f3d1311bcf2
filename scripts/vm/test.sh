#!/bin/bash
# test.sh [SUITE…]: runs the compiled tests of test/vm/ on the kernel of each Debian suite (default: bookworm, 6.1), one boot each, as many
# at once as there are CPUs. The output is TAP, one guest after the other; exits 1 when a test failed. `npm run build` first.
# What each section name did is appended to the file that RAWBPF_SECTION_ROWS names, for scripts/link-table.ts.
set -uo pipefail
rows=$(realpath -m "${RAWBPF_SECTION_ROWS:-/dev/null}")
# In a guest nothing that is written stays: rows come out with the TAP.
# And a test may take longer than tap's 30 seconds there.
export RAWBPF_SECTION_ROWS=- TAP_TIMEOUT=300 VM_ENV="RAWBPF_SECTION_ROWS TAP_TIMEOUT ${VM_ENV:-}" VM_TIMEOUT=${VM_TIMEOUT:-600}
cd "$(dirname "$(realpath "$0")")/../.." || exit 1
[ $# -gt 0 ] || set -- bookworm
node dist/scripts/bundle-guest-tests.js || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

guest() {
  local began=$SECONDS kernel status
  echo "# guest $1"
  kernel=$(scripts/vm/get-kernel.sh "$1") && scripts/vm/run.sh "$kernel" -- node dist/vm/main.js
  status=$?
  echo "# $1: $((SECONDS - began)) s"
  return $status
}

# They are named from the oldest kernel on, and the newest has most to do: it starts first, so that none is left alone at the end.
suites=("$@")
for ((i = $# - 1; i >= 0; i--)); do
  suite=${suites[i]}
  [ "$(jobs -pr | wc -l)" -lt "$(nproc)" ] || wait -n
  { guest "$suite" > "$scratch/$suite" 2>&1 || touch "$scratch/failed"; } &
done
wait
for suite in "$@"; do
  awk -v rows="$rows" 'sub(/^ *# section-row /, "") { print >> rows; next } { print }' "$scratch/$suite"
done
[ ! -e "$scratch/failed" ]
