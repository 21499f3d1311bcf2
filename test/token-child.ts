/**
 * Runs in a user namespace of its own (unshare -Ur): opens a bpf file system for it, waits until the parent, privileged on the host, has
 * said what it delegates, and loads by a token of it. Talks in lines of JSON.
 */
import { createInterface } from 'node:readline';
import { BpfObject } from '../src/index.js';
import { rawSyscall } from './raw-syscalls.js';
import { fixture } from './repository.js';

const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function tried(name: string, load: () => object): object {
  try {
    return { name, ...load() };
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return { name, code, message };
  }
}

/** Loads an object, uses a map of it, and says what there is. */
function load(object: string, options: { token?: string | number | false }, programs: string[]): object {
  using obj = BpfObject.open(fixture(object)).load({ ...options, programs });
  return {
    maps: Object.keys(obj.maps).length,
    programs: Object.values(obj.programs).map(program => program.info().name),
    features: obj.programs[programs[0] ?? '']?.kernel.has('memcg_accounting'),
  };
}

const fs = rawSyscall('fsopen', 'bpf', 0);
say({ pid: process.pid, fs });
await lines.next();
const mount = rawSyscall('fsmount', fs, 0, 0);
const token = `/proc/self/fd/${mount}`;
say(tried('none', () => load('hello-map', { token: false }, ['hello'])));
say(tried('token', () => load('hello-map', { token }, ['hello'])));
say(tried('not delegated', () => load('test-verifier-faults', { token }, ['return_value'])));
say(tried('no bpffs', () => load('hello-map', { token: '/proc' }, ['hello'])));
process.env['LIBBPF_BPF_TOKEN_PATH'] = token;
say(tried('environment', () => load('hello-map', {}, ['hello'])));
process.stdin.destroy();
