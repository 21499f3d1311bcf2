import { closeSync, constants, openSync } from 'node:fs';
import { BpfAttachType, BpfCmd } from '../../abi/index.js';
import type { Cause } from '../../kernel/index.js';
import { BpfError, bpf, Errno, type Sys } from '../../syscall/index.js';
import { attachRefused } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import type { Holder, LinkParts } from './link.js';

/** An infrared receiver. */
export interface LircTarget {
  readonly kind: 'lirc';
  /** Path of its device, `/dev/lirc0`. */
  readonly device: string;
}

/**
 * Attaches to an infrared receiver, whose raw samples the program decodes (Linux 4.18; drivers/media/rc/bpf-lirc.c). The kernel has no links for
 * this: the program stays attached until close() or the device is gone, even when the process is killed. Throws BpfError.
 */
export function attachLirc(program: Attachable, { kind, device }: LircTarget): LinkParts {
  const { sys, name } = program;
  const target_fd = openDevice(device, `${program.file}: program ${name}: attach to ${kind} ${device}`);
  const cmd = BpfCmd.BPF_PROG_ATTACH;
  const attr = {
    target_fd,
    attach_bpf_fd: program.fd,
    attach_type: BpfAttachType.BPF_LIRC_MODE2,
  };
  const result = bpf(sys, cmd, attr);
  if (result < 0) {
    closeSync(target_fd);
    throw attachRefused(program, {
      syscall: 'bpf',
      cmd,
      kind,
      target: device,
      errno: -result,
      cause: explain(-result, device),
    });
  }
  return { sys, kind, program: name, target: device, holders: [new Attachment(sys, attr, device)] };
}

/** Opened for reading only, the device would be refused with EPERM. */
function openDevice(device: string, what: string): number {
  try {
    return openSync(device, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    const { errno = 0 } = cause as NodeJS.ErrnoException;
    throw new BpfError({ syscall: 'open', errno: -errno, what }, { cause });
  }
}

class Attachment implements Holder {
  readonly #sys: Sys;
  readonly #attr: { readonly target_fd: number };
  readonly #device: string;
  #open = true;

  constructor(sys: Sys, attr: { readonly target_fd: number }, device: string) {
    this.#sys = sys;
    this.#attr = attr;
    this.#device = device;
  }

  close(): void {
    if (!this.#open) return;
    const cmd = BpfCmd.BPF_PROG_DETACH;
    const result = bpf(this.#sys, cmd, this.#attr);
    this.release();
    // A device that is gone, or somebody who detached it before, leaves nothing to undo.
    if (result < 0 && result !== -Errno.ENODEV && result !== -Errno.ENOENT)
      throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what: `lirc ${this.#device}: detach` });
  }

  release(): void {
    this.#open = false;
    closeSync(this.#attr.target_fd);
  }
}

function explain(errno: number, device: string): Cause | undefined {
  switch (errno) {
    case Errno.EINVAL:
      return {
        reason: `${device} is no infrared receiver that gives raw samples, or this kernel has none of those for BPF (CONFIG_BPF_LIRC_MODE2)`,
        advice: 'ir-keytable -v (v4l-utils) lists the receivers.',
      };
    case Errno.ENODEV:
      return { reason: 'the receiver was taken off' };
    default:
      return undefined;
  }
}
