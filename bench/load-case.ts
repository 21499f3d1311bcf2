import { BpfObject } from 'rawbpf';
import type { Case } from './compare.js';
import { toolObject } from './libbpf-tools.js';
import { measured, type Peers } from './peers.js';
import { fixture } from './repository.js';

/** Attaching tracepoints takes the kernel a tenth of a second to undo, so this is how often a round does it. */
const times = 10;
/** Loads alone, which are undone at once, until V8 has compiled what they run. */
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
  for (let i = 0; i < warmUps; i++) BpfObject.open(file).load().close();
  return {
    name,
    unit: 'µs, warm',
    ours: () => Math.min(...Array.from({ length: times }, () => once(file))) / 1000,
    theirs: () => measured('unshare', ...withTracefs, program, file, times) / 1000,
  };
}

/** libbpf reads tracefs where it is mounted: for this process alone, where the machine has none. */
const withTracefs = [
  ...['--mount', '--propagation', 'private', 'sh', '-c'],
  'test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"',
  'sh',
];

function once(file: string): number {
  using object = BpfObject.open(file);
  const start = process.hrtime.bigint();
  object.load();
  object.attach();
  return Number(process.hrtime.bigint() - start);
}
