import { BpfObject } from 'rawbpf';
import { liveSys, type Sys } from 'rawbpf/syscall';
import type { Case } from './compare.js';
import { toolObject } from './libbpf-tools.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

/** How many are loaded and attached in a row, and then closed: the kernel takes a tenth of a second to undo an attachment. */
const times = 16;
/** How often it is done before, until V8 has compiled what it runs. */
const warmUps = 1500;

/** Loading opensnoop and attaching its programs, with all that the kernel does for it, in a process that has done so before. */
export function loadAttach(peers: Peers): Case {
  return loading(peers, 'load-attach', fixture('opensnoop'));
}

/** The same of the opensnoop of libbpf-tools, which has CO-RE relocations: libbpf reads the kernel's BTF for each object, rawbpf once. */
export function loadAttachCore(peers: Peers): Case {
  return loading(peers, 'load-attach-core', toolObject('opensnoop'));
}

function loading(peers: Peers, name: string, file: string): Case {
  const program = peers.build('load-attach');
  const sys = attachingNothing();
  for (let i = 0; i < warmUps; i++) {
    using object = BpfObject.open(file, { sys });
    object.load();
    object.attach();
  }
  return {
    name,
    unit: 'µs, warm',
    ours: () => fastest(file) / 1000,
    theirs: () => measured('unshare', ...withTracefs, program, file, times) / 1000,
  };
}

/** libbpf reads tracefs where it is mounted: for this process alone, where the machine has none. */
const withTracefs = [
  ...['--mount', '--propagation', 'private', 'sh', '-c'],
  'test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"',
  'sh',
];

/** What makes perf events and attaches to them answers at once, with an fd of something else, so that closing takes no time. */
function attachingNothing(): Sys {
  const live = liveSys();
  return Object.assign(Object.create(live) as Sys, {
    perfEventOpen: () => live.epollCreate(),
    ioctl: () => 0,
    bpf: (...call: Parameters<Sys['bpf']>) =>
      call[0] === BPF_LINK_CREATE ? live.epollCreate() : live.bpf(...call),
  });
}

/** Of `enum bpf_cmd` in linux/bpf.h. */
const BPF_LINK_CREATE = 28;

/** Nanoseconds. */
function fastest(file: string): number {
  const objects = Array.from({ length: times }, () => BpfObject.open(file));
  try {
    return Math.min(
      ...objects.map(object => {
        const start = process.hrtime.bigint();
        object.load();
        object.attach();
        return Number(process.hrtime.bigint() - start);
      }),
    );
  } finally {
    for (const object of objects) object.close();
  }
}
