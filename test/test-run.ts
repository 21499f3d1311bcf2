import { BpfCmd } from '../src/abi/index.js';
import { BpfError, bpfInOut, liveSys } from '../src/syscall/index.js';

/** Runs a raw_tp program once with up to two arguments, and returns what it returned. Throws BpfError. */
export function testRun(program: { readonly fd: number }, ...args: readonly number[]): number {
  return runRawTracepoint(program, args, {});
}

/** The same on a given CPU, wherever this thread is. */
export function testRunOn(cpu: number, program: { readonly fd: number }, ...args: readonly number[]): number {
  return runRawTracepoint(program, args, { flags: BPF_F_TEST_RUN_ON_CPU, cpu });
}

const BPF_F_TEST_RUN_ON_CPU = 1;

function runRawTracepoint(program: { readonly fd: number }, args: readonly number[], where: object): number {
  const context = new Uint8Array(BigUint64Array.from([args[0] ?? 0, args[1] ?? 0], BigInt).buffer);
  const record = { prog_fd: program.fd, ctx_in: context, ctx_size_in: context.length, ...where };
  const { result, attr } = bpfInOut(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, record);
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd: BpfCmd.BPF_PROG_TEST_RUN, errno: -result });
  return Number(attr['retval']);
}

/** Runs a program that takes packets once, on an empty IPv4 packet, and returns what it returned. Throws BpfError. */
export function testRunPacket(program: { readonly fd: number }): number {
  const packet = new Uint8Array(64);
  packet.set([8, 0, 0x45], 12);
  const record = { prog_fd: program.fd, data_in: packet, data_size_in: packet.length };
  const { result, attr } = bpfInOut(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, record);
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd: BpfCmd.BPF_PROG_TEST_RUN, errno: -result });
  return Number(attr['retval']);
}
