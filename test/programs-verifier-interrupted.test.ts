import t from 'tap';
import { BpfCmd, bpfAttr } from '../src/abi/index.js';
import { BpfError, BpfObject, VerifierError } from '../src/index.js';
import { Errno, FakeSys } from '../src/syscall/index.js';
import { fixture } from './repository.js';

const log = '0: R1=ctx() R10=fp0\n; return 0; @ x.bpf.c:9\n0: (b7) r0 = 0                        ; R0_w=0\n';

/** A kernel that answers loading the program with these errnos, one after the other and the last for ever, and 0 to what comes then. */
function answering(errnos: readonly number[]): { sys: FakeSys; loads: () => number } {
  const sys = new FakeSys();
  const inner = sys.bpf.bind(sys);
  let loads = 0;
  sys.bpf = (cmd, attr, size, pointed = []) => {
    if (cmd !== BpfCmd.BPF_PROG_LOAD) return inner(cmd, attr, size, pointed);
    const { log_buf, prog_name } = bpfAttr.prog_load[0].decode(attr.subarray(0, size));
    if (prog_name !== 'handle_tp') return inner(cmd, attr, size, pointed);
    pointed.find(({ address }) => address === log_buf)?.bytes.set(new TextEncoder().encode(log));
    const errno = errnos[Math.min(loads++, errnos.length - 1)]!;
    return errno === 0 ? inner(cmd, attr, size, pointed) : -errno;
  };
  return { sys, loads: () => loads };
}

function refused(errnos: readonly number[]): unknown {
  try {
    BpfObject.open(fixture('minimal'), { sys: answering(errnos).sys })
      .load()
      .close();
    return undefined;
  } catch (error) {
    return error;
  }
}

const bySignals = {
  errno: Errno.EAGAIN,
  message: /EAGAIN.*signals to this thread interrupted the verifier each time/,
};

t.test('signals that interrupt the verifier each time are what the error names', async t => {
  const error = refused([Errno.EAGAIN]);
  t.match(error, bySignals);
  t.type(error, BpfError);
  t.match(String((error as Error).message), /Load it again.*pause what sends the signals/);
});

t.test('they do not hide what the verifier said before them', async t => {
  t.match(refused([Errno.EACCES, Errno.EAGAIN]), bySignals, 'the log of a refusal was interrupted');
  t.type(refused([Errno.EACCES]), VerifierError);
});

t.test('a few signals only make it load again', async t => {
  const { sys, loads } = answering([Errno.EAGAIN, Errno.EAGAIN, 0]);
  BpfObject.open(fixture('minimal'), { sys }).load().close();
  t.equal(loads(), 3);
});
