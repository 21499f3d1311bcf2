#!/bin/bash
# get-headers.sh SUITE: unpacks the headers of the kernel that get-kernel.sh unpacked, for compilers in its guests (BCC); prints their folder.
# They are kept outside the repository. Where the mirror has a newer kernel by now, that is taken first. Needs apt and dpkg-deb.
set -eu
[ $# = 1 ] || { echo "usage: get-headers.sh SUITE" >&2; exit 2; }
suite=$1
here=$(dirname "$(realpath "$0")")
# shellcheck source=scripts/vm/private-apt.sh
. "$here/private-apt.sh"
kernel=$("$here/get-kernel.sh" "$suite")
release() { basename "$(find "$kernel/lib/modules/" "$kernel/usr/lib/modules/" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | head -1)"; }
kept=${XDG_CACHE_HOME:-$HOME/.cache}/rawbpf/headers/$suite
headers=$kept/$(release)
if [ -d "$headers/usr/src" ]; then echo "$headers"; exit 0; fi

apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
private_apt "$suite" "$apt"
if ! apt-cache "${options[@]}" show "linux-headers-$(release)" > /dev/null 2>&1; then
  rm -rf "$kernel"
  kernel=$("$here/get-kernel.sh" "$suite")
  headers=$kept/$(release)
fi
package=linux-headers-$(release)
mapfile -t parts < <(apt-cache "${options[@]}" depends "$package" | sed -nE 's/^ *Depends: (linux-(headers|kbuild)-[0-9][^ ]*)$/\1/p')
(cd "$apt" && apt-get "${options[@]}" -qq download "$package" "${parts[@]}") >&2
for deb in "$apt"/*.deb; do dpkg-deb -x "$deb" "$apt/unpacked"; done
rm -rf "$kept"
mkdir -p "$headers"
mv "$apt/unpacked/usr" "$headers/usr"
echo "$headers"
