#!/bin/bash
# seeds.sh: runs BCC's Python beside our examples, and libbpf-tools under `rawbpf run`, in a guest of bookworm with its kernel's headers, which BCC
# compiles against.
# Rows of the README's table are appended to the file that RAWBPF_SEED_ROWS names. Needs python3-bpfcc; `npm run build` first.
set -uo pipefail
cd "$(dirname "$(realpath "$0")")/../.." || exit 1
rows=$(realpath -m "${RAWBPF_SEED_ROWS:-/dev/null}")
export RAWBPF_SEED_ROWS=- TAP_TIMEOUT=300 VM_ENV="RAWBPF_SEED_ROWS TAP_TIMEOUT" VM_TIMEOUT=${VM_TIMEOUT:-400} VM_MEM=2048
headers=$(scripts/vm/get-headers.sh bookworm) && kernel=$(scripts/vm/get-kernel.sh bookworm) || exit 1
node dist/scripts/bundle-guest-tests.js || exit 1
# Where BCC looks: Debian has the headers in two folders, which are `build` and `source` of the modules.
# shellcheck disable=SC2016
scripts/vm/run.sh "$kernel" -- bash -c '
  release=$(uname -r) modules=/lib/modules/$(uname -r)
  mkdir -p /run/modules/up /run/modules/work && mount --bind "$1/usr/src" /usr/src &&
    mount -t overlay -o "lowerdir=$modules,upperdir=/run/modules/up,workdir=/run/modules/work" overlay "$modules" &&
    ln -sfn "/usr/src/linux-headers-$release" "$modules/build" &&
    ln -sfn "/usr/src/linux-headers-${release%-amd64}-common" "$modules/source" &&
    mount -t debugfs debugfs /sys/kernel/debug && exec node dist/vm/seeds.js' bash "$headers" |
  awk -v rows="$rows" 'sub(/^ *# seed-row /, "") { print >> rows; next } { print }'
