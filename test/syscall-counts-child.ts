/** `node syscall-counts-child.js OBJECT`: loads and attaches it, with a write to standard output before each, for strace to see. */
import { writeSync } from 'node:fs';
import { BpfObject } from '../src/index.js';
import { liveSys } from '../src/syscall/index.js';

// The binding is loaded with the first call; a C program has its library when it begins.
const sys = liveSys();
sys.addressOf(new Uint8Array(1));
using object = BpfObject.open(process.argv[2] ?? '');
writeSync(1, 'load\n');
object.load();
writeSync(1, 'attach\n');
object.attach();
writeSync(1, 'done\n');
