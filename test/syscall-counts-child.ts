/** `node syscall-counts-child.js`: loads and attaches opensnoop, with a write to standard output before each, for strace to see. */
import { writeSync } from 'node:fs';
import { BpfObject } from '../src/index.js';
import { liveSys } from '../src/syscall/index.js';
import { fixture } from './repository.js';

// The binding is loaded with the first call; a C program has its library when it begins.
const sys = liveSys();
sys.addressOf(new Uint8Array(1));
using object = BpfObject.open(fixture('opensnoop'));
writeSync(1, 'load\n');
object.load();
writeSync(1, 'attach\n');
object.attach();
writeSync(1, 'done\n');
