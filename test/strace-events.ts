// Reads a ring, perf buffers, a group of them and a user ring, and prints how rawbpf's own trace shows it. Run under strace by
// strace-compare.test.ts.
import { BpfObject, EventGroup, PerfEventArray, RingBuf, UserRingBuf } from '../src/index.js';
import { formatSyscall, subscribeSyscalls } from '../src/syscall/index.js';
import { fixture } from './repository.js';

const lines: string[] = [];
subscribeSyscalls(event => lines.push(formatSyscall(event)));
const object = BpfObject.open(fixture('test-ring-bench')).load();
const ring = object.map('ring', RingBuf);
const perf = object.map('perf', PerfEventArray);
ring.on(() => {}).close();
perf.on(() => {}, { overwrite: true, watermark: 4096 }).close();

const group = new EventGroup();
const member = ring.on(() => {}, { group });
perf.on(() => {}, { group, pages: 1 });
member.close();
group.close();

const userObject = BpfObject.open(fixture('test-user-ring')).load();
const userRing = userObject.map('commands', UserRingBuf);
userRing.reserve(userRing.maxEntries - 8).discard();
await userRing.reserveWhenFree(8, { timeoutMs: 1 }).catch(() => {});
userObject.close();
object.close();
console.log(lines.join('\n'));
