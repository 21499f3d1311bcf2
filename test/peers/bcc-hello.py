# SPDX-License-Identifier: MIT
"""The hello worlds of the BCC tutorial in one program: for each pid that comes as a line, what each has seen of it, a JSON document a line."""
import ctypes
import json
import sys

from bcc import BPF

b = BPF(text=r"""
struct message { char text[12]; };
struct event { int pid; int uid; char comm[16]; char message[12]; };

BPF_HASH(runs);
BPF_HASH(messages, u32, struct message);
BPF_PERF_OUTPUT(events);
BPF_PROG_ARRAY(calls, 400);

int say(void *ctx) { bpf_trace_printk("Hello World!"); return 0; }

int count(void *ctx)
{
    u64 uid = bpf_get_current_uid_gid() & 0xffffffff, one = 1;
    u64 *seen = runs.lookup(&uid);
    if (seen)
        one += *seen;
    runs.update(&uid, &one);
    return 0;
}

int tell(void *ctx)
{
    struct event event = {};
    struct message *own;
    u32 uid = bpf_get_current_uid_gid();

    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.uid = uid;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    own = messages.lookup(&uid);
    if (own)
        bpf_probe_read_kernel(&event.message, sizeof(event.message), own->text);
    else
        __builtin_memcpy(&event.message, "Hello World", 12);
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

int enter(struct bpf_raw_tracepoint_args *ctx) { calls.call(ctx, ctx->args[1]); return 0; }
int of_exec(void *ctx) { bpf_trace_printk("Executing a program"); return 0; }
""")

execve = b.get_syscall_fnname("execve")
for function in ("say", "count", "tell"):
    b.attach_kprobe(event=execve, fn_name=function)
b["messages"][ctypes.c_int(0)] = ctypes.create_string_buffer(b"Hey root!", 12)
b["calls"][ctypes.c_int(59)] = ctypes.c_int(b.load_func("of_exec", BPF.RAW_TRACEPOINT).fd)
b.attach_raw_tracepoint(tp="sys_enter", fn_name="enter")

told = []


def take(_cpu, data, _size):
    event = b["events"].event(data)
    told.append([event.pid, event.uid, event.comm.decode(), event.message.decode()])


b["events"].open_perf_buffer(take)
print("ready", flush=True)
while True:
    pid = int(sys.stdin.readline())
    while not any(event[0] == pid and event[2] != "node" for event in told):
        b.perf_buffer_poll(1000)
    traced = []
    while len(traced) < 2:
        (task, line_pid, _cpu, _flags, _ts, message) = b.trace_fields()
        if line_pid == pid:
            traced.append([task.decode(), message.decode()])
    print(json.dumps({
        "traced": sorted(traced),
        "counted": {str(uid.value): runs.value for uid, runs in b["runs"].items()},
        "told": [event for event in told if event[0] == pid],
    }), flush=True)
