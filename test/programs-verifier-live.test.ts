import t from 'tap';
import { BpfObject, VerifierError } from '../src/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { checkFault } from './verifier-expected.js';
import { faultNames, faultResult, kernelSeries, loadFault } from './verifier-faults.js';

// Under emulation everything is slow.
t.setTimeout(900_000);

/** A million instructions take long where the processor is emulated; the goldens have what these say. */
const slow = ['too_many_insns', 'too_many_jumps'];

t.test(`Linux ${kernelSeries()}: each wrong program is refused with its place and advice`, async t => {
  if (!needs(t, { bpf: true })) return;
  for (const name of faultNames()) {
    if (process.env['IN_VM'] && slow.includes(name)) continue;
    const error = loadFault(name);
    if (error === undefined) {
      checkFault(t, name, faultResult(name), {} as never);
      continue;
    }
    t.type(error, VerifierError, `${name}: ${error}`);
    if (!(error instanceof VerifierError)) continue;
    if (!error.reached) checkFault(t, name, { outcome: error.errnoName, text: error.log }, error.fault);
    t.notMatch(error.message, /\n/, 'one line');
    // Line info gives file and line to kernels that print none.
    if (error.fault.source) t.match(error.message, /, at test-verifier-faults\.bpf\.c:\d+: /, error.message);
    t.ok(error.explain().split('\n').length > 2, 'the explanation has more');
  }
});

t.test('a log level gives what the verifier says of a program that it takes', async t => {
  if (!needs(t, { bpf: true })) return;
  for (const [logLevel, says] of [
    // It takes back the paths that it found to be right.
    [1, /^processed \d+ insns/m],
    [2, /^0: \([0-9a-f]{2}\) /m],
    [4, /^processed \d+ insns/m],
  ] as const) {
    using obj = BpfObject.open(fixture('minimal')).load({ logLevel });
    for (const program of Object.values(obj.programs)) t.match(program.log, says, `level ${logLevel}`);
  }
  using quiet = BpfObject.open(fixture('minimal')).load();
  for (const program of Object.values(quiet.programs)) t.equal(program.log, undefined);
});
