# shellcheck shell=bash
# Sourced: private_apt SUITE FOLDER makes an apt state below FOLDER, for packages of another suite, so that the machine's own lists and packages
# are not touched; sets `options`, for apt-get and apt-cache. The packages come from the Debian mirror that this machine's apt already uses.
private_apt() {
  local suite=$1 apt=$2 mirror key
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  apt=$(realpath "$apt")
  mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -1 | tr -d ' ')
  [ -n "$mirror" ] || { echo "$0: apt on this machine has no Debian source to take packages from" >&2; return 1; }
  mirror=${mirror%/}
  key=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
  {
    echo "deb [$key] $mirror $suite main"
    [ "$suite" = sid ] || echo "deb [$key] $mirror-security $suite-security main"
  } > "$apt/sources.list"
  : > "$apt/status"
  options=(-oDir::Etc::sourcelist="$apt/sources.list" -oDir::Etc::sourceparts=- -oDir::State::lists="$apt/lists"
    -oDir::State::status="$apt/status" -oDir::Cache="$apt/cache" -oAPT::Sandbox::User=root)
  apt-get "${options[@]}" -qq update >&2
}
