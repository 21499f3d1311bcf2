import type { AttachTarget } from './attach-target.js';
import type { Attachable } from './attachable.js';
import { attachCgroup } from './cgroup/cgroup.js';
import { attachFreplace } from './freplace.js';
import { attachIter } from './iter.js';
import type { LinkParts } from './link.js';
import { attachLirc } from './lirc.js';
import { attachLwt } from './network/lwt.js';
import { attachNetfilter } from './network/netfilter.js';
import { attachNetkit } from './network/netkit.js';
import { attachNetns } from './network/netns.js';
import { attachSocket } from './network/socket.js';
import { attachSockmap } from './network/sockmap.js';
import { attachTc } from './network/tc.js';
import { attachTcx } from './network/tcx.js';
import { attachXdp } from './network/xdp.js';
import { attachKprobe } from './probes/kprobe.js';
import { attachKprobeMulti } from './probes/kprobe-multi.js';
import { attachKsyscall } from './probes/ksyscall.js';
import { attachPerfEvent } from './probes/perf-event.js';
import { attachTracepoint } from './probes/tracepoint.js';
import { attachUprobe } from './probes/uprobe.js';
import { attachUprobeMulti } from './probes/uprobe-multi.js';
import { attachUsdt } from './probes/usdt.js';
import { attachRawTracepoint } from './raw-tracepoint.js';
import { attachTracing } from './tracing.js';
import { attachTracingMulti } from './tracing-multi.js';

type Attachers = {
  readonly [K in AttachTarget['kind']]: (
    program: Attachable,
    target: Extract<AttachTarget, { kind: K }>,
  ) => LinkParts;
};

const attachers: Attachers = {
  tracepoint: attachTracepoint,
  raw_tracepoint: attachRawTracepoint,
  kprobe: attachKprobe,
  ksyscall: attachKsyscall,
  kprobe_multi: attachKprobeMulti,
  uprobe: attachUprobe,
  uprobe_multi: attachUprobeMulti,
  usdt: attachUsdt,
  tracing: attachTracing,
  tracing_multi: attachTracingMulti,
  freplace: attachFreplace,
  iter: attachIter,
  perf_event: attachPerfEvent,
  cgroup: attachCgroup,
  netns: attachNetns,
  sockmap: attachSockmap,
  socket: attachSocket,
  xdp: attachXdp,
  tcx: attachTcx,
  tc: attachTc,
  netkit: attachNetkit,
  netfilter: attachNetfilter,
  lwt: attachLwt,
  lirc: attachLirc,
};

/** Attaches a program. When this throws, nothing is attached. */
export function attachTo(program: Attachable, target: AttachTarget): LinkParts {
  const attach = attachers[target.kind] as
    | ((program: Attachable, target: AttachTarget) => LinkParts)
    | undefined;
  if (!attach)
    throw new TypeError(
      `kind: ${JSON.stringify(target.kind)} is no way to attach a program; there are ${Object.keys(attachers).join(', ')}`,
    );
  return attach(program, target);
}
