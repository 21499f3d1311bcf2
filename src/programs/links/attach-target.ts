import type { CgroupTarget } from './cgroup/cgroup.js';
import type { FreplaceTarget } from './freplace.js';
import type { IterTarget } from './iter.js';
import type { LircTarget } from './lirc.js';
import type { LwtTarget } from './network/lwt.js';
import type { NetfilterTarget } from './network/netfilter.js';
import type { NetkitTarget } from './network/netkit.js';
import type { NetnsTarget } from './network/netns.js';
import type { SocketTarget } from './network/socket.js';
import type { SockmapTarget } from './network/sockmap.js';
import type { TcTarget } from './network/tc.js';
import type { TcxTarget } from './network/tcx.js';
import type { XdpTarget } from './network/xdp.js';
import type { KprobeTarget } from './probes/kprobe.js';
import type { KprobeMultiTarget } from './probes/kprobe-multi.js';
import type { KsyscallTarget } from './probes/ksyscall.js';
import type { PerfEventTarget } from './probes/perf-event.js';
import type { TracepointTarget } from './probes/tracepoint.js';
import type { UprobeTarget } from './probes/uprobe.js';
import type { UprobeMultiTarget } from './probes/uprobe-multi.js';
import type { UsdtTarget } from './probes/usdt.js';
import type { RawTracepointTarget } from './raw-tracepoint.js';
import type { TracingTarget } from './tracing.js';
import type { TracingMultiTarget } from './tracing-multi.js';

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
