import { BpfFlags, BpfMapType, enumName } from '../../abi/index.js';
import {
  type Cause,
  type Facts,
  lackOfLockedMemory,
  lackOfPermission,
  lackOfPrivilege,
  mapTypeSince,
  pageSize,
  probeMapType,
  readFacts,
  versionCode,
} from '../../kernel/index.js';
import type { KernelView } from '../../object/index.js';
import { type AttrRecord, Errno, type Sys } from '../../syscall/index.js';

/** A `BPF_MAP_CREATE` that was refused. Sizes are bytes. */
export interface RefusedMapCreate {
  /** Positive. */
  readonly errno: number;
  /** `enum bpf_map_type`. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly facts: Facts;
  /** The kernel's page size in bytes. */
  readonly pageSize: number;
  /** Creates the smallest map of a type: true when the kernel does, undefined when the type needs more than sizes. */
  readonly probe: (type: number) => boolean | undefined;
}

const netAdminTypes = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_DEVMAP,
  BpfMapType.BPF_MAP_TYPE_DEVMAP_HASH,
  BpfMapType.BPF_MAP_TYPE_SOCKMAP,
  BpfMapType.BPF_MAP_TYPE_SOCKHASH,
  BpfMapType.BPF_MAP_TYPE_XSKMAP,
]);
/** Types whose number of entries the kernel decides itself, or that have none. */
const withoutEntries = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_CGROUP_STORAGE,
  BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BpfMapType.BPF_MAP_TYPE_SK_STORAGE,
  BpfMapType.BPF_MAP_TYPE_INODE_STORAGE,
  BpfMapType.BPF_MAP_TYPE_TASK_STORAGE,
  BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE,
]);
const ringBuffers = new Set<number>([BpfMapType.BPF_MAP_TYPE_RINGBUF, BpfMapType.BPF_MAP_TYPE_USER_RINGBUF]);
/** Array-like types: a key is a 4-byte index. */
const indexed = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY,
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
]);
/** Indexed types whose value is a 4-byte fd. */
const holdsFds = new Set<number>([
  BpfMapType.BPF_MAP_TYPE_PROG_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_CGROUP_ARRAY,
]);

/** Fields that a kernel which does not know them answers with EINVAL (CHECK_ATTR in kernel/bpf/syscall.c) or E2BIG (bpf_check_uarg_tail_zero). */
const newerFields = [
  { field: 'excl_prog_hash', feature: 'maps for one program only', since: '6.18' },
  { field: 'value_type_btf_obj_fd', feature: 'struct_ops maps of modules', since: '6.9' },
  { field: 'map_extra', feature: 'map_extra', since: '5.16' },
] as const;

/** Flags of a map that kernels which do not know them answer with EINVAL. */
const newerFlags = [
  { flag: BpfFlags.BPF_F_LINK, feature: 'struct_ops maps for links', since: '6.4' },
  { flag: BpfFlags.BPF_F_RB_OVERWRITE, feature: 'ring buffers that overwrite', since: '6.19' },
] as const;

/** Why this kernel refused a `BPF_MAP_CREATE`, as far as it can be told. */
export function mapCreateCause(
  sys: Sys,
  kernel: KernelView,
  attr: AttrRecord,
  errno: number,
): Cause | undefined {
  const number = (field: string) => Number(attr[field] ?? 0);
  const unknown = errno === Errno.E2BIG || errno === Errno.EINVAL;
  const newer = newerFields.find(({ field, since }) => attr[field] && isOlder(kernel, since));
  if (unknown && newer) return { reason: 'it does not know the field that asks for it', missing: newer };
  const flags = number('map_flags');
  const newFlag = newerFlags.find(({ flag, since }) => flags & flag && isOlder(kernel, since));
  if (errno === Errno.EINVAL && newFlag)
    return { reason: 'it does not know the flag that asks for it', missing: newFlag };
  const page = kernel.pageSize ?? pageSize();
  return explainMapCreate({
    errno,
    type: number('map_type'),
    keySize: number('key_size'),
    valueSize: number('value_size'),
    maxEntries: number('max_entries'),
    facts: readFacts(kernel),
    pageSize: page,
    probe: type => probeMapType(sys, type, page),
  });
}

/** Why the kernel refused a map: specific facts first, then a probe, then the errno (kernel/bpf/syscall.c: map_create). */
export function explainMapCreate(refused: RefusedMapCreate): Cause | undefined {
  switch (refused.errno) {
    case Errno.EPERM:
      return forbidden(refused);
    case Errno.EINVAL:
      return wrongSizes(refused) ?? unknownType(refused);
    case Errno.E2BIG:
      return {
        reason: `a key of ${refused.keySize} or a value of ${refused.valueSize} bytes is more than a map of this type can hold`,
      };
    case Errno.ENOMEM:
      return {
        reason: `the kernel has no memory for ${refused.maxEntries} entries of ${refused.keySize} + ${refused.valueSize} bytes`,
        advice: 'Lower max_entries, or raise the memory limit of the cgroup.',
      };
    case Errno.EOPNOTSUPP:
    case Errno.ENOTSUPP:
      return unknownType(refused) ?? { reason: 'this kernel was built without a part that the map needs' };
    default:
      return undefined;
  }
}

function forbidden({ type, facts }: RefusedMapCreate): Cause {
  const privilege = lackOfPrivilege(facts);
  if (privilege) return privilege;
  if (netAdminTypes.has(type) && !facts.may('CAP_NET_ADMIN'))
    return {
      reason: `${typeName(type)} maps need CAP_NET_ADMIN besides CAP_BPF`,
      advice: 'Run it as root, or give the process CAP_NET_ADMIN.',
    };
  return lackOfLockedMemory(facts) ?? lackOfPermission(facts);
}

function wrongSizes({ type, keySize, valueSize, maxEntries, pageSize }: RefusedMapCreate): Cause | undefined {
  const name = typeName(type);
  if (ringBuffers.has(type)) {
    if (maxEntries === 0 || maxEntries % pageSize !== 0 || (maxEntries & (maxEntries - 1)) !== 0)
      return {
        reason: `max_entries of a ${name} is its size in bytes, a power of two and a multiple of ${pageSize}; it is ${maxEntries}`,
      };
    if (keySize !== 0 || valueSize !== 0) return { reason: `a ${name} has no key and no value` };
    return undefined;
  }
  if (maxEntries === 0 && !withoutEntries.has(type))
    return {
      reason: 'max_entries is 0',
      advice: 'Declare __uint(max_entries, …) in the map, or set it before load.',
    };
  if (indexed.has(type) && keySize !== 4)
    return { reason: `the key of a ${name} is a 4-byte index, not ${keySize} bytes` };
  if (holdsFds.has(type) && valueSize !== 4)
    return { reason: `the value of a ${name} is a 4-byte fd, not ${valueSize} bytes` };
  if (type === BpfMapType.BPF_MAP_TYPE_HASH && (keySize === 0 || valueSize === 0))
    return { reason: `a ${name} needs a key and a value; they have ${keySize} and ${valueSize} bytes` };
  return undefined;
}

function isOlder({ versionCode: code }: KernelView, since: string): boolean {
  return code < versionCode(since);
}

function unknownType({ type, probe, facts }: RefusedMapCreate): Cause | undefined {
  const since = mapTypeSince(type);
  const known = probe(type) ?? !(since && isOlder(facts.kernel, since));
  if (known) return undefined;
  return {
    reason:
      probe(type) === false
        ? 'it refuses even the smallest map of this type'
        : `it is ${facts.kernel.release}`,
    missing: { feature: `${typeName(type)} maps`, ...(since ? { since } : {}) },
  };
}

function typeName(type: number): string {
  const name = enumName(BpfMapType, type)
    ?.replace(/^BPF_MAP_TYPE_|_DEPRECATED$/g, '')
    .toLowerCase();
  return name?.replaceAll('_', ' ') ?? `type ${type}`;
}
