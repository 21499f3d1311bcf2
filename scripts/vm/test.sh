#!/bin/bash
# test.sh [SUITE…]: runs the compiled tests of test/vm/ on the kernel of each Debian suite (default: bookworm, 6.1), one boot each.
# The output is TAP; exits 1 when a test failed. `npm run build` first. What each section name did goes to the file RAWBPF_SECTION_ROWS.
set -uo pipefail
rows=$(realpath -m "${RAWBPF_SECTION_ROWS:-/dev/null}")
export RAWBPF_SECTION_ROWS=- VM_ENV="RAWBPF_SECTION_ROWS ${VM_ENV:-}"
cd "$(dirname "$(realpath "$0")")/../.." || exit 1
[ $# -gt 0 ] || set -- bookworm
failed=0
for suite in "$@"; do
  kernel=$(scripts/vm/get-kernel.sh "$suite") || { failed=1; continue; }
  scripts/vm/run.sh "$kernel" -- node dist/test/vm/main.js |
    awk -v rows="$rows" 'sub(/^ *# section-row /, "") { print >> rows; next } { print; fflush() }' || failed=1
done
exit $failed
