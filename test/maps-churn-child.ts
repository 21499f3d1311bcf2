// Runs the program of an id over and over until it is ended. Started by maps-walk.test.ts.
import { BpfCmd } from '../src/abi/index.js';
import { bpf, liveSys } from '../src/syscall/index.js';
import { testRun } from './test-run.js';

const fd = bpf(liveSys(), BpfCmd.BPF_PROG_GET_FD_BY_ID, { prog_id: Number(process.argv[2]) });
if (fd < 0) throw new Error(`BPF_PROG_GET_FD_BY_ID: ${fd}`);
testRun({ fd });
console.log('running');
for (;;) testRun({ fd });
