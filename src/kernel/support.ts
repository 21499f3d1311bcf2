import { BpfCmd, BpfFuncId, BpfMapType, BpfProgType } from '../abi/index.js';
import { bpf, Errno, liveSys } from '../syscall/index.js';
import { hasInsnFeature, type InsnFeature, insnFeatures } from './support-insns.js';
import { hasMapType } from './support-map.js';
import { hasHelper, hasProgType, type Support, type SupportOptions } from './support-program.js';

/** What a kernel can do with BPF. Types and helpers by their numbers, ascending. */
export interface KernelSupport {
  /** False when the kernel was built without bpf(): then nothing else was asked. */
  readonly syscall: boolean;
  readonly progTypes: ReadonlyMap<number, Support>;
  readonly mapTypes: ReadonlyMap<number, Support>;
  /** By program type; undefined where nothing is said of the helpers of the type. */
  readonly helpers: ReadonlyMap<number, ReadonlyMap<number, Support> | undefined>;
  readonly insns: ReadonlyMap<InsnFeature, Support>;
}

export interface KernelSupportOptions extends SupportOptions {
  /** Also helpers of which asking makes the kernel write to its log. Default false. */
  readonly full?: boolean;
}

const numbers = (constants: Readonly<Record<string, number>>): number[] =>
  [...new Set(Object.values(constants))].filter(number => number > 0).sort((a, b) => a - b);

export const progTypes: readonly number[] = numbers(BpfProgType);
export const mapTypes: readonly number[] = numbers(BpfMapType);
export const helperIds: readonly number[] = numbers(BpfFuncId);

/** Those that a network device may run or keep. */
const offloadedPrograms: readonly number[] = [
  BpfProgType.BPF_PROG_TYPE_SCHED_CLS,
  BpfProgType.BPF_PROG_TYPE_XDP,
];
const offloadedMaps: readonly number[] = [BpfMapType.BPF_MAP_TYPE_HASH, BpfMapType.BPF_MAP_TYPE_ARRAY];

/** Of loading a program with these the kernel writes to its log. */
const logged: readonly number[] = [
  BpfFuncId.BPF_FUNC_trace_printk,
  BpfFuncId.BPF_FUNC_trace_vprintk,
  BpfFuncId.BPF_FUNC_probe_write_user,
];

/** Asks the kernel what it has, by some thousands of small loads that leave nothing behind: as `bpftool feature probe` does. */
export function kernelSupport({
  ifindex = 0,
  full = false,
  sys = liveSys(),
}: KernelSupportOptions = {}): KernelSupport {
  const where = { ifindex, sys };
  const syscall = bpf(sys, BpfCmd.BPF_PROG_LOAD, {}) !== -Errno.ENOSYS;
  const probe = <K, V>(keys: readonly K[], ask: (key: K) => V): Map<K, V> =>
    new Map(syscall ? keys.map(key => [key, ask(key)]) : []);
  const programs = probe(ifindex ? offloadedPrograms : progTypes, type => hasProgType(type, where));
  const ids = full ? helperIds : helperIds.filter(id => !logged.includes(id));
  return {
    syscall,
    progTypes: programs,
    mapTypes: probe(ifindex ? offloadedMaps : mapTypes, type => hasMapType(type, where)),
    helpers: probe([...programs.keys()], type => {
      if (!programs.get(type)) return programs.get(type) === false ? new Map() : undefined;
      const helpers = probe(ids, id => hasHelper(type, id, where));
      return [...helpers.values()].every(has => has === undefined) ? undefined : helpers;
    }),
    insns: probe(
      insnFeatures.map(([name]) => name),
      name => hasInsnFeature(name, where),
    ),
  };
}
