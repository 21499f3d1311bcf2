import { hostEndian } from '../../abi/index.js';
import { UnsupportedFeatureError } from '../../kernel/index.js';
import type { Attachable } from './attachable.js';
import { openCgroup } from './cgroup/cgroup-folder.js';

/** Which cgroups, and in which order: this one, it and those below (parents first or last), it and those above, those right below without it. */
export type CgroupOrder = keyof typeof cgroupOrders;

/** What narrows an iterator down (`union bpf_iter_link_info`): those of one kind. */
export interface IterParameters {
  /** Of `iter/bpf_map_elem`, `iter/bpf_sk_storage_map` and `iter/sockmap`, which need it: the map, or its fd. Linux 5.9. */
  readonly map?: number | { readonly fd: number };
  /** Of `iter/cgroup` (Linux 6.1): where to begin, as a path or fd. Default: the root. */
  readonly cgroup?: string | number;
  /** The same by its id, which is the inode number of its folder. */
  readonly cgroupId?: bigint;
  /** Which cgroups from there. Default: `descendants_pre`. `children` is Linux 7.0. */
  readonly order?: CgroupOrder;
  /** Of `iter/task`, `iter/task_file` and `iter/task_vma` (Linux 6.1): one thread. */
  readonly tid?: number;
  /** All threads of one process. */
  readonly pid?: number;
  /** All threads of the process of a pidfd. */
  readonly pidfd?: number;
}

const cgroupOrders = {
  self_only: 1,
  descendants_pre: 2,
  descendants_post: 3,
  ancestors_up: 4,
  children: 5,
} as const;

/** `union bpf_iter_link_info`, empty for an iterator without parameters, with what must be open while it is used. */
export interface IterInfo extends Disposable {
  readonly bytes: Uint8Array;
}

type Family = 'map' | 'cgroup' | 'task';

/**
 * Throws TypeError for parameters that do not belong together or to this iterator, which the kernel would pass over; UnsupportedFeatureError where the
 * kernel does not have them.
 */
export function iterInfo(program: Attachable, parameters: IterParameters): IterInfo {
  const { map, cgroup, cgroupId = 0n, order, tid = 0, pid = 0, pidfd = 0 } = parameters;
  const family = familyOf(program.spec.attachTarget);
  requireFitting(program, family, parameters);
  switch (family) {
    case 'map':
      return ready(map === undefined ? [] : [typeof map === 'number' ? map : map.fd]);
    case 'cgroup': {
      const what = `${program.file}: program ${program.name}: cgroup`;
      const folder = cgroup === undefined ? undefined : openCgroup(cgroup, what);
      const id = [Number(cgroupId & 0xffff_ffffn), Number(cgroupId >> 32n)];
      const words = [cgroupOrders[order ?? 'descendants_pre'], folder?.fd ?? 0];
      return ready([...words, ...(hostEndian === 'little' ? id : id.reverse())], () => folder?.close());
    }
    case 'task':
      return ready(tid || pid || pidfd ? [tid, pid, pidfd] : []);
    default:
      return ready([]);
  }
}

function ready(words: readonly number[], close: () => void = () => {}): IterInfo {
  return { bytes: new Uint8Array(Uint32Array.from(words).buffer), [Symbol.dispose]: close };
}

function familyOf(target = ''): Family | undefined {
  if (target === 'cgroup') return 'cgroup';
  if (/^task(_file|_vma)?$/.test(target)) return 'task';
  return /^(bpf_map_elem|bpf_sk_storage_map|sockmap)$/.test(target) ? 'map' : undefined;
}

const families: Readonly<Record<keyof IterParameters, Family>> = {
  map: 'map',
  cgroup: 'cgroup',
  cgroupId: 'cgroup',
  order: 'cgroup',
  tid: 'task',
  pid: 'task',
  pidfd: 'task',
};

function requireFitting(program: Attachable, family: Family | undefined, parameters: IterParameters): void {
  const place = `${program.file}: program ${program.name}`;
  const given = Object.entries(parameters).filter(([name, value]) => name in families && value !== undefined);
  for (const [name] of given)
    if (families[name as keyof IterParameters] !== family)
      throw new TypeError(`${place}: ${name}: an iterator over ${program.spec.attachTarget} takes none`);
  const { order, cgroup, cgroupId, tid, pid, pidfd } = parameters;
  if (order !== undefined && !(order in cgroupOrders))
    throw new TypeError(`${place}: order: must be one of ${Object.keys(cgroupOrders).join(', ')}`);
  if (cgroup !== undefined && cgroupId !== undefined)
    throw new TypeError(`${place}: cgroup or cgroupId, not both`);
  if ([tid, pid, pidfd].filter(value => value !== undefined).length > 1)
    throw new TypeError(`${place}: one of tid, pid and pidfd, not several`);
  if (given.length > 0 && family === 'task' && !knows(program, 'task'))
    throw new UnsupportedFeatureError('iterators over the threads of one process', {
      what: place,
      since: '6.1',
      reason: `it is Linux ${program.kernel.release}`,
    });
}

/** Kernels before 6.1 take the parameters of a task iterator for nothing, and go over all tasks. */
function knows({ kernel: { btf } }: Attachable, member: string): boolean {
  const id = btf?.findByName('bpf_iter_link_info', 'union');
  const type = id === undefined ? undefined : btf?.type(id);
  return type?.kind === 'union' && type.members.some(({ name }) => name === member);
}
