import {
  BpfAttachType,
  BpfCmd,
  BpfMapType,
  BpfProgType,
  BpfStatsType,
  BpfTaskFdType,
} from '../../abi/index.js';
import { hex } from './quote.js';

/** Constants of which a field holds one. strace 6.1 knows those up to `last`. */
export interface Choice {
  readonly names: ReadonlyMap<number, string>;
  readonly last: number;
  /** The comment beside a number without a name. */
  readonly unknown: string;
}

/** Constants that a field combines, lowest bit first. strace 6.1 knows the first `known`. */
export interface Flags {
  readonly names: readonly (readonly [name: string, bits: number])[];
  readonly known: number;
  readonly unknown: string;
  /** The name of no flag at all. */
  readonly none?: string;
}

export function choiceText(choice: Choice, value: number | bigint, teach: boolean): string {
  const name = choice.names.get(Number(value));
  return name !== undefined && (teach || value <= choice.last)
    ? name
    : `${hex(value)} /* ${choice.unknown} */`;
}

export function flagsText(flags: Flags, value: number | bigint, teach: boolean): string {
  let left = BigInt(value);
  if (left === 0n) return flags.none ?? '0';
  const found: string[] = [];
  for (const [name, bits] of flags.names.slice(0, teach ? undefined : flags.known))
    if ((left & BigInt(bits)) === BigInt(bits)) {
      found.push(name);
      left &= ~BigInt(bits);
    }
  if (found.length === 0) return `${hex(left)} /* ${flags.unknown} */`;
  return [...found, ...(left ? [hex(left)] : [])].join('|');
}

export function choice(constants: Readonly<Record<string, number>>, last: number, unknown: string): Choice {
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(constants))
    if (!names.has(value) && !name.endsWith('_DEPRECATED')) names.set(value, name);
  return { names, last, unknown };
}

/** Flags in bit order from bit 0; an empty name skips a bit. `known` of them are in strace 6.1. */
function bits(prefix: string, names: string, unknown: string, known = Number.POSITIVE_INFINITY): Flags {
  const table = names.split(' ').map((name, bit) => [prefix + name, 2 ** bit] as const);
  const isKnown = table.slice(0, known).filter(([name]) => name !== `${prefix}-`).length;
  return { names: table.filter(([name]) => name !== `${prefix}-`), known: isKnown, unknown };
}

export const commands = choice(BpfCmd, BpfCmd.BPF_PROG_BIND_MAP, 'BPF_???');
export const mapTypes = choice(BpfMapType, BpfMapType.BPF_MAP_TYPE_USER_RINGBUF, 'BPF_MAP_TYPE_???');
export const progTypes = choice(BpfProgType, BpfProgType.BPF_PROG_TYPE_SYSCALL, 'BPF_PROG_TYPE_???');
export const attachTypes = choice(BpfAttachType, BpfAttachType.BPF_LSM_CGROUP, 'BPF_???');
export const statsTypes = choice(BpfStatsType, 0, 'BPF_STATS_???');
export const taskFdTypes = choice(BpfTaskFdType, BpfTaskFdType.BPF_FD_TYPE_URETPROBE, 'BPF_FD_TYPE_???');
export const updateFlags: Choice = {
  names: new Map([
    [0, 'BPF_ANY'],
    [1, 'BPF_NOEXIST'],
    [2, 'BPF_EXIST'],
    [4, 'BPF_F_LOCK'],
  ]),
  last: 4,
  unknown: 'BPF_???',
};

export const mapFlags = bits(
  'BPF_F_',
  'NO_PREALLOC NO_COMMON_LRU NUMA_NODE RDONLY WRONLY STACK_BUILD_ID ZERO_SEED RDONLY_PROG WRONLY_PROG CLONE MMAPABLE PRESERVE_ELEMS INNER_MAP LINK PATH_FD VTYPE_BTF_OBJ_FD TOKEN_FD SEGV_ON_FAULT NO_USER_CONV',
  'BPF_F_???',
  13,
);
export const progFlags = bits(
  'BPF_F_',
  'STRICT_ALIGNMENT ANY_ALIGNMENT TEST_RND_HI32 TEST_STATE_FREQ SLEEPABLE XDP_HAS_FRAGS XDP_DEV_BOUND_ONLY TEST_REG_INVARIANTS',
  'BPF_F_???',
  5,
);
export const fileFlags = bits('BPF_F_', '- - - RDONLY WRONLY - - - - - - - - - PATH_FD', 'BPF_F_???', 5);
export const attachFlags = bits(
  'BPF_F_',
  'ALLOW_OVERRIDE ALLOW_MULTI REPLACE BEFORE AFTER ID PREORDER',
  'BPF_F_???',
  3,
);
export const queryFlags = bits('BPF_F_', 'QUERY_EFFECTIVE', 'BPF_F_QUERY_???');
export const testRunFlags = bits(
  'BPF_F_',
  'TEST_RUN_ON_CPU TEST_XDP_LIVE_FRAMES TEST_SKB_CHECKSUM_COMPLETE',
  'BPF_F_???',
  2,
);
export const kprobeMultiFlags = bits('BPF_F_', 'KPROBE_MULTI_RETURN', 'BPF_F_???');
export const uprobeMultiFlags = bits('BPF_F_', 'UPROBE_MULTI_RETURN', 'BPF_F_???');
export const lookupFlags: Flags = {
  names: [['BPF_F_LOCK', 4]],
  known: 1,
  unknown: 'BPF_???',
  none: 'BPF_ANY',
};
