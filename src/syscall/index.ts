export {
  type AttrRecord,
  attrMember,
  attrSchema,
  bpf,
  bpfInOut,
  type EncodedAttr,
  encodeAttr,
} from './attr.js';
export { BpfError, type BpfErrorDetails, UnsupportedPlatformError } from './bpf-error.js';
export { Errno, errnoMessage, errnoName } from './errno.js';
export { bpfCalls, type FakeAnswer, type FakeCall, FakeSys } from './fake-sys.js';
export { liveSys } from './live-sys.js';
export { type BatchSizes, MapBatch } from './map-batch.js';
export { MapElem } from './map-elem.js';
export {
  attributeText,
  attributeU32,
  decodeAttributes,
  encodeAttributes,
  hostInt32,
  type NetlinkAttribute,
  type NetlinkAttributes,
  nestedAttributes,
} from './netlink/attributes.js';
export {
  type NetlinkReply,
  type NetlinkRequest,
  NLM_F_CREATE,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RouteSocket,
} from './netlink/route-socket.js';
export { OwnedFd, setForgottenFdHandler } from './owned-fd.js';
export {
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_PAUSE_OUTPUT,
  PERF_EVENT_IOC_SET_BPF,
  PERF_FLAG_FD_CLOEXEC,
  perfEventOpen,
} from './perf-event.js';
export { formatSyscall } from './strace/format-syscall.js';
export type { FormatOptions } from './strace/options.js';
export { formatBpf, type PlannedCall, type PlannedValue } from './strace/planned-call.js';
export * from './sys.js';
export { tokenOf, withToken } from './token-sys.js';
export {
  SYSCALL_CHANNEL,
  type SyscallEvent,
  subscribeSyscalls,
  type TracedMemory,
  traced,
} from './tracing.js';
