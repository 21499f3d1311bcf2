import type { AttachTarget } from './attach-target.js';
import type { Attachable } from './attachable.js';
import { attachCgroup } from './cgroup.js';
import { attachFreplace } from './freplace.js';
import { attachIter } from './iter.js';
import { attachKprobe } from './kprobe.js';
import { attachKprobeMulti } from './kprobe-multi.js';
import { attachKsyscall } from './ksyscall.js';
import type { LinkParts } from './link.js';
import { attachLirc } from './lirc.js';
import { attachLwt } from './lwt.js';
import { attachNetfilter } from './netfilter.js';
import { attachNetkit } from './netkit.js';
import { attachNetns } from './netns.js';
import { attachPerfEvent } from './perf-event.js';
import { attachRawTracepoint } from './raw-tracepoint.js';
import { attachSocket } from './socket.js';
import { attachSockmap } from './sockmap.js';
import { attachTc } from './tc.js';
import { attachTcx } from './tcx.js';
import { attachTracepoint } from './tracepoint.js';
import { attachTracing } from './tracing.js';
import { attachTracingMulti } from './tracing-multi.js';
import { attachUprobe } from './uprobe.js';
import { attachUprobeMulti } from './uprobe-multi.js';
import { attachUsdt } from './usdt.js';
import { attachXdp } from './xdp.js';

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
