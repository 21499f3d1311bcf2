#!/bin/busybox sh
# Process 1 of the guest that run.sh boots: this machine's files below a tmpfs, then the command, then power off.
# The first serial port is the console, the second takes the command's output, the third its exit status.
export PATH=/bin
bb=/bin/busybox
fail() {
  $bb echo "fail $*" > /dev/ttyS2
  $bb poweroff -f
  $bb sleep 5
}
$bb mount -t devtmpfs dev /dev
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
for module in /mods/*; do $bb insmod "$module" || $bb echo "insmod $module failed"; done
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose rootfs /lower || fail "mount 9p"
$bb mount -t tmpfs -o mode=755 tmpfs /rw
$bb mkdir /rw/up /rw/work
$bb mount -t overlay -o lowerdir=/lower,upperdir=/rw/up,workdir=/rw/work overlay /root || fail "mount overlay"
r=/root
$bb mount -t devtmpfs dev $r/dev
$bb mkdir -p $r/dev/pts $r/dev/shm
$bb mount -t devpts devpts $r/dev/pts
$bb mount -t tmpfs -o mode=1777 tmpfs $r/dev/shm
$bb mount -t proc proc $r/proc
$bb mount -t sysfs sys $r/sys
$bb mount -t tracefs tracefs $r/sys/kernel/tracing
$bb mount -t bpf bpf $r/sys/fs/bpf
$bb mount -t cgroup2 cgroup2 $r/sys/fs/cgroup
$bb mount -t tmpfs -o mode=755 tmpfs $r/run
# shellcheck disable=SC1091
. /command/conf
# The guest's own modules, for modprobe inside.
$bb mkdir -p "$r/lib/modules/$($bb uname -r)"
[ -d "/lower$MODULES" ] && $bb mount --bind "/lower$MODULES" "$r/lib/modules/$($bb uname -r)"
# Its config where tools look for it: Debian's kernels have no /proc/config.gz.
[ -f "/lower$CONFIG" ] && $bb mkdir -p $r/boot && $bb cp "/lower$CONFIG" $r/boot/
$bb ifconfig lo 127.0.0.1 up
$bb hostname vm
$bb cp /command/run $r/run/command
$bb stty -F /dev/ttyS1 raw -echo
$bb mkfifo /out
$bb cat /out > /dev/ttyS1 &
cat=$!
# Moved to / first, because the kernel makes no user namespaces for those in a chroot.
# shellcheck disable=SC2016
$bb unshare -m $bb sh -c 'cd "$1" && "$0" mount --move . / && exec "$0" chroot . /bin/bash /run/command' $bb $r < /dev/null > /out 2>&1
status=$?
tries=0
while $bb kill -0 $cat 2>/dev/null && [ $tries -lt 20 ]; do
  $bb usleep 50000
  tries=$((tries + 1))
done
$bb echo "exit $status" > /dev/ttyS2
$bb sync
$bb poweroff -f
$bb sleep 10
