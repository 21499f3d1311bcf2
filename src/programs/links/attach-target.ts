import type { CgroupTarget } from './cgroup.js';
import type { FreplaceTarget } from './freplace.js';
import type { IterTarget } from './iter.js';
import type { KprobeTarget } from './kprobe.js';
import type { KprobeMultiTarget } from './kprobe-multi.js';
import type { KsyscallTarget } from './ksyscall.js';
import type { LircTarget } from './lirc.js';
import type { LwtTarget } from './lwt.js';
import type { NetfilterTarget } from './netfilter.js';
import type { NetkitTarget } from './netkit.js';
import type { NetnsTarget } from './netns.js';
import type { PerfEventTarget } from './perf-event.js';
import type { RawTracepointTarget } from './raw-tracepoint.js';
import type { SocketTarget } from './socket.js';
import type { SockmapTarget } from './sockmap.js';
import type { TcTarget } from './tc.js';
import type { TcxTarget } from './tcx.js';
import type { TracepointTarget } from './tracepoint.js';
import type { TracingTarget } from './tracing.js';
import type { TracingMultiTarget } from './tracing-multi.js';
import type { UprobeTarget } from './uprobe.js';
import type { UprobeMultiTarget } from './uprobe-multi.js';
import type { UsdtTarget } from './usdt.js';
import type { XdpTarget } from './xdp.js';

/** What a program can be attached to: `{ kind: 'kprobe', symbol: 'do_unlinkat' }`. */
export type AttachTarget =
  | TracepointTarget
  | RawTracepointTarget
  | KprobeTarget
  | KsyscallTarget
  | KprobeMultiTarget
  | UprobeTarget
  | UprobeMultiTarget
  | UsdtTarget
  | TracingTarget
  | TracingMultiTarget
  | FreplaceTarget
  | IterTarget
  | PerfEventTarget
  | CgroupTarget
  | NetnsTarget
  | SockmapTarget
  | SocketTarget
  | XdpTarget
  | TcxTarget
  | TcTarget
  | NetkitTarget
  | NetfilterTarget
  | LwtTarget
  | LircTarget;
