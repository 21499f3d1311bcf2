#!/bin/bash
# test.sh [SUITE…]: runs the compiled tests of test/vm/ on the kernel of each Debian suite (default: bookworm, 6.1), one boot each,
# as many at a time as there are CPUs: an emulated machine keeps one busy.
# The output is TAP; exits 1 when a test failed. `npm run build` first. What each section name did goes to the file RAWBPF_SECTION_ROWS.
set -uo pipefail
rows=$(realpath -m "${RAWBPF_SECTION_ROWS:-/dev/null}")
export RAWBPF_SECTION_ROWS=- VM_ENV="RAWBPF_SECTION_ROWS ${VM_ENV:-}" VM_TIMEOUT=${VM_TIMEOUT:-300}
cd "$(dirname "$(realpath "$0")")/../.." || exit 1
[ $# -gt 0 ] || set -- bookworm
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for suite in "$@"; do
  # Not beside others: it may install and unpack.
  kernel=$(scripts/vm/get-kernel.sh "$suite") || { echo 1 > "$scratch/$suite.status"; continue; }
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  {
    scripts/vm/run.sh "$kernel" -- node dist/test/vm/main.js > "$scratch/$suite" 2>&1
    echo $? > "$scratch/$suite.status"
  } &
done
wait

failed=0
for suite in "$@"; do
  [ ! -e "$scratch/$suite" ] || awk -v rows="$rows" 'sub(/^ *# section-row /, "") { print >> rows; next } { print }' "$scratch/$suite"
  [ "$(cat "$scratch/$suite.status")" = 0 ] || failed=1
done
exit $failed
