import { closeSync } from 'node:fs';
import { BpfAttachType, BpfCmd } from '../../../abi/index.js';
import { errorFor, Kernel, lackOfNetAdmin, readFacts } from '../../../kernel/index.js';
import { bpfInOut, Errno, liveSys, type Sys } from '../../../syscall/index.js';
import { openNetns, ownNetns } from './netns.js';

/** Programs of a network namespace: ids. */
export interface NetnsPrograms {
  readonly flowDissector: number | undefined;
  /** In the order in which they run. */
  readonly skLookup: readonly number[];
}

export interface NetnsQueryOptions {
  /** A path (`/run/netns/NAME`, `/proc/PID/ns/net`) or a fd. Default: that of this process. */
  readonly netns?: string | number;
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/** The programs of a network namespace: BPF_PROG_QUERY (flow dissectors Linux 5.1, sk_lookup 5.9; what the kernel does not know is left out). Throws BpfError. */
export function queryNetns({ netns = ownNetns, sys = liveSys() }: NetnsQueryOptions = {}): NetnsPrograms {
  const what = `the programs of network namespace ${netns}`;
  const fd = typeof netns === 'number' ? netns : openNetns(netns, what);
  try {
    return {
      flowDissector: query(sys, fd, BpfAttachType.BPF_FLOW_DISSECTOR, what)[0],
      skLookup: query(sys, fd, BpfAttachType.BPF_SK_LOOKUP, what),
    };
  } finally {
    if (typeof netns !== 'number') closeSync(fd);
  }
}

/** A namespace takes 64 programs (`netns_bpf_max_progs` in kernel/bpf/net_namespace.c). */
const room = 64;

function query(sys: Sys, target_fd: number, attach_type: number, what: string): readonly number[] {
  const ids = new Uint32Array(room);
  const prog_ids = new Uint8Array(ids.buffer);
  const cmd = BpfCmd.BPF_PROG_QUERY;
  const { result, attr } = bpfInOut(sys, cmd, { target_fd, attach_type, prog_ids, prog_cnt: room });
  if (result === -Errno.EINVAL) return [];
  if (result < 0) {
    const cause = result === -Errno.EPERM ? lackOfNetAdmin(readFacts(Kernel.running(sys))) : undefined;
    throw errorFor(cause, { syscall: 'bpf', cmd, errno: -result, what });
  }
  return [...ids.subarray(0, Number(attr['prog_cnt']))];
}
