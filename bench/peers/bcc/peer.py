# SPDX-License-Identifier: MIT
"""
Does with BCC's Python what the cases measure:

    peer.py ring|perf raw|decoded RECORDS FILLS 3<PROGRAM 4<MAP
    peer.py map ENTRIES ROUNDS 4<MAP

Prints nanoseconds a record or a lookup, of the fastest fill or round. BCC compiles programs with the headers of the running kernel, which many
machines lack: here it reads maps that are there already, through the classes and calls that its programs use.
"""
import ctypes as ct
import os
import platform
import struct
import sys
import time

from bcc import BPF
from bcc.table import HashTable, PerfEventArray, RingBuf

PROGRAM, MAP = 3, 4
NR_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}[platform.machine()]
BPF_PROG_TEST_RUN = 10
libc = ct.CDLL(None, use_errno=True)


class Record(ct.Structure):
    """As in test-ring-bench.bpf.c."""

    _fields_ = [
        ("seq", ct.c_ulonglong),
        ("ns", ct.c_ulonglong),
        ("pid", ct.c_uint),
        ("cpu", ct.c_uint),
        ("comm", ct.c_char * 16),
        ("path", ct.c_char * 24),
    ]


def without_program():
    bpf = object.__new__(BPF)
    bpf.module = None
    bpf._ringbuf_manager = None
    bpf.perf_buffers = {}
    return bpf


def test_run(count):
    args = struct.pack("=QQ", count, 0)
    held = ct.create_string_buffer(args, len(args))
    # prog_fd, retval, data_size_in, data_size_out, data_in, data_out, repeat, duration, ctx_size_in, ctx_size_out, ctx_in, ctx_out
    attr = struct.pack("=IIIIQQIIIIQQ", PROGRAM, 0, 0, 0, 0, 0, 0, 0, len(args), 0, ct.addressof(held), 0)
    if libc.syscall(NR_BPF, BPF_PROG_TEST_RUN, attr, len(attr)) < 0:
        raise OSError(ct.get_errno(), os.strerror(ct.get_errno()))


def events(kind, how, count, fills):
    received = total = 0

    def raw(_, data, size):
        nonlocal received, total
        received += 1
        total += ct.cast(data, ct.POINTER(ct.c_ubyte))[0]

    def decoded(_, data, size):
        nonlocal received, total
        event = ct.cast(data, ct.POINTER(Record)).contents
        received += 1
        total += event.seq + event.ns + event.pid + event.cpu + len(event.comm) + len(event.path)

    bpf = without_program()
    callback = raw if how == "raw" else decoded
    if kind == "ring":
        table = RingBuf(bpf, 0, MAP, ct.c_int, ct.c_int)
        table.open_ring_buffer(callback)
        consume = bpf.ring_buffer_consume
    else:
        table = PerfEventArray(bpf, 0, MAP, ct.c_int, ct.c_int)
        table.max_entries = os.cpu_count()
        table.open_perf_buffer(callback, page_cnt=4096, wakeup_events=2 * count)
        consume = bpf.perf_buffer_consume
    best = float("inf")
    for _ in range(fills):
        test_run(count)
        start = time.monotonic_ns()
        consume()
        best = min(best, time.monotonic_ns() - start)
    if received != count * fills or total == 0:
        sys.exit(f"{received} records of {count * fills}")
    print(best / count)


def lookups(entries, rounds):
    table = HashTable(without_program(), 0, MAP, ct.c_ulonglong, ct.c_ulonglong)
    for key in range(entries):
        table[ct.c_ulonglong(key)] = ct.c_ulonglong(key + 1)
    total = 0
    best = float("inf")
    for _ in range(rounds):
        start = time.monotonic_ns()
        for key in range(entries):
            total += table[ct.c_ulonglong(key)].value
        best = min(best, time.monotonic_ns() - start)
    if total != rounds * entries * (entries + 1) // 2:
        sys.exit("wrong values")
    print(best / entries)


if __name__ == "__main__":
    if sys.argv[1] == "map":
        lookups(int(sys.argv[2]), int(sys.argv[3]))
    else:
        events(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
