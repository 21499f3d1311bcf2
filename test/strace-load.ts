// Loads, attaches and closes an object, and prints how rawbpf's own trace shows it. Run under strace by strace-compare.test.ts.
import { BpfObject } from '../src/index.js';
import { formatSyscall, subscribeSyscalls } from '../src/syscall/index.js';
import { fixture } from './repository.js';

const lines: string[] = [];
subscribeSyscalls(event => lines.push(formatSyscall(event)));
const object = BpfObject.open(fixture(process.argv[2]!));
object.load();
object.attach();
object.close();
console.log(lines.join('\n'));
