import { BpfCmd } from '../abi/index.js';
import { UnsupportedFeatureError } from '../kernel/index.js';
import { BpfError, bpf, Errno, type Sys } from '../syscall/index.js';

/** What a program wrote to: `bpf_stream_printk()` to either, the kernel to stderr when it ends a program for a fault or a loop that does not end. */
export type StreamName = 'stdout' | 'stderr';

/** `enum` of include/uapi/linux/bpf.h: BPF_STDOUT, BPF_STDERR. */
const streams: Readonly<Record<StreamName, number>> = { stdout: 1, stderr: 2 };
const pieceSize = 4096;

/**
 * Takes what a program wrote to one of its streams and nobody has read yet; empty when there is nothing (BPF_PROG_STREAM_READ_BY_FD). Throws
 * UnsupportedFeatureError before Linux 6.17.
 */
export function readProgramStream(sys: Sys, fd: number, name: StreamName, what: string): string {
  const cmd = BpfCmd.BPF_PROG_STREAM_READ_BY_FD;
  const decoder = new TextDecoder();
  const piece = new Uint8Array(pieceSize);
  let text = '';
  for (;;) {
    const stream_id = streams[name];
    const length = bpf(sys, cmd, { prog_fd: fd, stream_id, stream_buf: piece, stream_buf_len: piece.length });
    if (length < 0) throw refused(-length, what, name);
    if (length === 0) return text + decoder.decode();
    text += decoder.decode(piece.subarray(0, length), { stream: true });
  }
}

function refused(errno: number, what: string, name: StreamName): Error {
  const refusal = { syscall: 'bpf', cmd: BpfCmd.BPF_PROG_STREAM_READ_BY_FD, errno, what: `${what}: ${name}` };
  if (errno !== Errno.EINVAL) return new BpfError(refusal);
  return new UnsupportedFeatureError('streams of programs', {
    what: refusal.what,
    since: '6.17',
    reason: 'it does not know the command',
    advice: 'Have the program write with bpf_printk(), and read trace_pipe.',
    cause: new BpfError(refusal),
  });
}
