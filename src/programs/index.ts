export { UnsupportedFeatureError } from '../kernel/index.js';
export { BpfObject } from './bpf-object.js';
export {
  type CodeInsn,
  type CodeListingOptions,
  type JitedFunction,
  jitedFunctions,
  sourceText,
  xlatedInsns,
} from './code-listing.js';
export { funcSignature } from './func-signature.js';
export type { Globals } from './globals.js';
export { IterOutput } from './iter-output.js';
export type { AttachTarget } from './links/attach-target.js';
export { cgroup2Mount } from './links/cgroup/cgroup-folder.js';
export { type CgroupAttachment, detachCgroup } from './links/cgroup/cgroup-legacy.js';
export {
  type CgroupAttachFlag,
  type CgroupHook,
  type CgroupQueryOptions,
  queryCgroup,
} from './links/cgroup/cgroup-query.js';
export { type AttachOptions, attachesItself, targetOfSection } from './links/from-section.js';
export type {
  AttachTypeInfo,
  CgroupLinkInfo,
  DeviceLinkInfo,
  IterLinkInfo,
  KprobeEventLinkInfo,
  KprobeMultiLinkInfo,
  LinkInfo,
  LinkInfoBase,
  NetfilterLinkInfo,
  NetnsLinkInfo,
  OtherEventLinkInfo,
  OtherLinkInfo,
  PerfEventLinkInfo,
  ProbedFunction,
  ProbedPlace,
  RawTracepointLinkInfo,
  SockmapLinkInfo,
  StructOpsLinkInfo,
  TracepointEventLinkInfo,
  TracingLinkInfo,
  UntoldEventLinkInfo,
  UprobeEventLinkInfo,
  UprobeMultiLinkInfo,
  XdpLinkInfo,
} from './links/info/link-info-types.js';
export type { CgroupOrder, IterParameters } from './links/iter-info.js';
export { Link, type LinkKind } from './links/link.js';
export { listLinks } from './links/list-links.js';
export type { MprogOrder, Neighbor } from './links/mprog-order.js';
export {
  type DevicePrograms,
  type DeviceQueryOptions,
  queryNetkit,
  queryTcx,
} from './links/network/device-query.js';
export {
  type InterfacePrograms,
  type ListNetworkOptions,
  listNetwork,
  type NetworkPrograms,
} from './links/network/list-network.js';
export { type NetnsPrograms, type NetnsQueryOptions, queryNetns } from './links/network/netns-query.js';
export type { TcAction } from './links/network/tc-message.js';
export { queryTc, type TcFilterInfo } from './links/network/tc-query.js';
export {
  type TcxAttachTarget,
  type TcxDetachTarget,
  tcxAttach,
  tcxDetach,
} from './links/network/tcx-attach.js';
export {
  type XdpAttachTarget,
  type XdpDetachOptions,
  xdpAttach,
  xdpDetach,
} from './links/network/xdp-attach.js';
export { queryXdp, type XdpMode, type XdpPrograms } from './links/network/xdp-query.js';
export { type OpenLinkOptions, openLink } from './links/open-link.js';
export { eventWords } from './links/probes/perf-event-names.js';
export { UserBinaryError } from './links/probes/user-binary-error.js';
export { type ProgAttachTarget, progAttach, progDetach } from './links/prog-attach.js';
export { attachStructOps } from './links/struct-ops.js';
export { listTaskFds, queryTaskFd, type TaskFd, type TaskFdOptions } from './links/task-fd.js';
export { listPrograms } from './list-programs.js';
export type { LoadMapSettings, LoadOptions, OpenOptions, PlanOptions } from './load-options.js';
export { OpenError } from './open-error.js';
export type { ObjectSource } from './open-object.js';
export { type OpenProgramOptions, openProgram, type ProgramSource } from './open-program.js';
export { Program } from './program.js';
export type { CodeFunction, CodeLine, ProgramCode } from './program-code.js';
export type { ProgramInfo } from './program-info.js';
export type { StreamName } from './program-stream.js';
export { StateError } from './state-error.js';
export { enableStats, type Statistics } from './statistics.js';
export type { TestRunOptions, TestRunResult } from './test-run.js';
export type { TestRunContext } from './test-run-context.js';
export type { TokenSource } from './token.js';
export { VerifierError, type VerifierErrorDetails } from './verifier/verifier-error.js';
export type { SourceLine } from './verifier/verifier-lines.js';
export type { ListingOptions } from './verifier/verifier-listing.js';
export type { VerifierFault } from './verifier/verifier-log.js';
