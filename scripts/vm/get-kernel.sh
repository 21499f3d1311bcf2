#!/bin/bash
# get-kernel.sh SUITE [DIR]: unpacks the newest amd64 kernel of a Debian suite into DIR, installs nothing, prints DIR.
#   bullseye is 5.10, bookworm 6.1, trixie 6.12, sid the newest.
# DIR is a cache outside the repository unless given; a kernel that is already there is kept.
# The packages come from the Debian mirror that this machine's apt already uses. Needs apt and dpkg-deb.
set -eu
[ $# -ge 1 ] || { echo "usage: get-kernel.sh SUITE [DIR]" >&2; exit 2; }
suite=$1
dir=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/rawbpf/kernels/$suite}
if [ -n "$(find "$dir" -name 'vmlinuz*' 2>/dev/null)" ]; then echo "$dir"; exit 0; fi

apt=$dir/.apt
mkdir -p "$apt"
dir=$(realpath "$dir") apt=$(realpath "$apt")
# shellcheck source=scripts/vm/private-apt.sh
. "$(dirname "$(realpath "$0")")/private-apt.sh"
private_apt "$suite" "$apt"
kernel_parts() {
  apt-cache "${options[@]}" depends "$1" | sed -nE 's/^ *Depends: (linux-(image|base|binary|modules)-[0-9][^ ]*)$/\1/p'
}
image=$(kernel_parts linux-image-amd64 | head -1)
[ -n "$image" ] || { echo "get-kernel: $suite has no linux-image-amd64" >&2; exit 1; }
mapfile -t parts < <(kernel_parts "$image")
(cd "$apt" && apt-get "${options[@]}" -qq download "$image" "${parts[@]}") >&2
for deb in "$apt"/*.deb; do dpkg-deb -x "$deb" "$dir"; done
rm -rf "$apt" "$dir/usr/lib/debug" "$dir/usr/share/doc"
echo "$dir"
