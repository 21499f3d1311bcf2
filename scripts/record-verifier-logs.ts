/**
 * Writes what this kernel's verifier says of bpf/test-verifier-faults.bpf.c to stdout: test/goldens/verifier/SERIES.txt. In a guest:
 * `scripts/vm/run.sh KERNEL -- node dist/scripts/record-verifier-logs.js > test/goldens/verifier/6.1.txt`.
 */
import { release } from 'node:os';
import { faultNames, faultResult, formatGolden } from '../test/verifier-faults.js';

process.stdout.write(`Linux ${release()}\n`);
for (const name of faultNames()) process.stdout.write(formatGolden(name, faultResult(name)));
