#!/bin/bash
# run.sh DIR -- COMMAND…: boots the Debian kernel that get-kernel.sh unpacked in DIR under QEMU and runs the command there, in
# this folder, with this machine's files below it (read-only over 9p, a tmpfs on top). Prints its output, exits with its status;
# 124: it took longer than VM_TIMEOUT, 125: the guest did not boot or died.
#   VM_ACCEL=tcg|kvm (tcg)   VM_MEM=1024 (MiB)   VM_SMP=1   VM_TIMEOUT=180 (seconds)   VM_ENV="A B": variables to pass in
# Needs: apt-get install qemu-system-x86 busybox-static cpio kmod xz-utils zstd lz4
set -u
die() { echo "run.sh: $*" >&2; exit 125; }
here=$(dirname "$(realpath "$0")")
[ $# -ge 3 ] && [ "$2" = -- ] || { echo "usage: run.sh DIR -- COMMAND…" >&2; exit 2; }
kernel=$(realpath "$1") || die "no folder $1"
shift 2
for tool in qemu-system-x86_64 busybox cpio modprobe depmod; do
  PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null || die "needs $tool: apt-get install qemu-system-x86 busybox-static cpio kmod xz-utils zstd lz4"
done
PATH=$PATH:/usr/sbin:/sbin

[ -e "$kernel/lib" ] || ln -s usr/lib "$kernel/lib" # newer packages have only usr/lib
image=$(find "$kernel/boot" "$kernel/lib/modules/" -name 'vmlinuz*' 2>/dev/null | head -1)
[ -n "$image" ] || die "no kernel image in $kernel"
modules=$(find "$kernel/lib/modules/" -mindepth 1 -maxdepth 1 -type d | head -1)
release=$(basename "$modules")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Once per kernel: module dependencies, and vmlinux out of the bzImage, because unpacking it in the guest takes seconds.
[ -s "$modules/modules.dep" ] || depmod -b "$kernel" "$release" || die "depmod failed"
if [ ! -s "$kernel/vmlinux" ]; then
  # Boot protocol: setup_sects at 0x1f1, payload_offset at 0x248, payload_length at 0x24c (the last 4 bytes are its size unpacked).
  sectors=$(od -An -tu1 -j497 -N1 "$image" | tr -d ' ')
  word() { od -An -tu4 -j"$1" -N4 "$image" | tr -d ' '; }
  offset=$(((sectors + 1) * 512 + $(word 584)))
  length=$(($(word 588) - 4))
  case $(od -An -tx1 -j$offset -N4 "$image" | tr -d ' ') in
    fd377a58) unpack="xz -dc" ;;
    28b52ffd) unpack="zstd -dcq" ;;
    02214c18) unpack="lz4 -dc" ;;
    1f8b*) unpack="gzip -dcq" ;;
    *) die "$image is compressed in an unknown way" ;;
  esac
  tail -c +$((offset + 1)) "$image" | head -c $length | $unpack > "$scratch/vmlinux" 2>/dev/null
  [ "$(head -c4 "$scratch/vmlinux" | od -An -tx1 | tr -d ' ')" = 7f454c46 ] || die "could not unpack $image with $unpack"
  mv "$scratch/vmlinux" "$kernel/vmlinux"
fi

# Once per kernel and init: busybox, the modules that reach this machine's files, and init.
initrd=$kernel/initrd-$(md5sum < "$here/init.sh" | cut -c1-8).cpio
if [ ! -s "$initrd" ]; then
  root=$scratch/root
  mkdir -p "$root"/{bin,dev,proc,sys,mods,lower,rw,root,etc}
  cp "$(command -v busybox)" "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  number=100
  for module in virtio_pci 9p 9pnet_virtio overlay; do
    modprobe -d "$kernel" -S "$release" --show-depends $module || die "$release has no module $module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$scratch/modules"
  while read -r file; do
    number=$((number + 1))
    name=$root/mods/$number-$(basename "$file")
    case $file in
      *.xz) xz -dc "$file" > "${name%.xz}" ;;
      *.zst) zstd -dcq "$file" > "${name%.zst}" ;;
      *) cp "$file" "$name" ;;
    esac
  done < "$scratch/modules"
  install -m 755 "$here/init.sh" "$root/init"
  (cd "$root" && find . | cpio -o -H newc --quiet) > "$scratch/initrd" && mv "$scratch/initrd" "$initrd" || die "cpio failed"
fi

# Per run: the command, as a second archive after the first.
mkdir -p "$scratch/cpio/command"
{ echo "MODULES=$modules"; echo "CONFIG=$(find "$kernel/boot" -name "config-$release" 2>/dev/null | head -1)"; } > "$scratch/cpio/command/conf"
{
  for name in PATH HOME ${VM_ENV:-}; do [ -n "${!name+x}" ] && printf 'export %s=%q\n' "$name" "${!name}"; done
  printf 'export IN_VM=1\ncd %q || exit 125\nexec' "$PWD"
  printf ' %q' "$@"
  echo
} > "$scratch/cpio/command/run"
{ cat "$initrd"; (cd "$scratch/cpio" && find . | cpio -o -H newc --quiet); } > "$scratch/initrd"

case ${VM_ACCEL:-tcg} in
  kvm) accel=(-accel kvm -cpu host) ;;
  tcg) accel=(-accel "tcg,thread=multi" -cpu max) ;;
  *) die "VM_ACCEL=$VM_ACCEL" ;;
esac
timeout -k 5 "${VM_TIMEOUT:-180}" qemu-system-x86_64 -M q35 -m "${VM_MEM:-1024}" -smp "${VM_SMP:-1}" "${accel[@]}" \
  -nodefaults -no-user-config -display none -no-reboot \
  -kernel "$kernel/vmlinux" -initrd "$scratch/initrd" \
  -append "console=ttyS0 quiet loglevel=4 panic=-1 oops=panic tsc=reliable no_timer_check nokaslr mitigations=off audit=0 apparmor=0 selinux=0 lsm=lockdown,yama,bpf" \
  -serial "file:$scratch/console" -serial stdio -serial "file:$scratch/status" \
  -fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
  -device virtio-9p-pci,fsdev=root,mount_tag=rootfs < /dev/null 2> "$scratch/qemu"
ended=$?
read -r what status _ < <(tr -d '\r' < "$scratch/status" 2>/dev/null)
[ "${what:-}" = exit ] && exit "$status"
case $ended in
  124 | 137) ended=124; echo "run.sh: not done after ${VM_TIMEOUT:-180} seconds" >&2 ;;
  *) echo "run.sh: the guest ended without a status (qemu $ended): ${what:-} ${status:-}" >&2; ended=125 ;;
esac
cat "$scratch/qemu" >&2
echo '--- last of the guest console:' >&2
tail -n 40 "$scratch/console" >&2
exit $ended
