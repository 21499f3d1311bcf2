import { BpfCmd, type DecodedRecord } from '../abi/index.js';
import { attrMember, attrSchema } from './attr.js';
import { Errno } from './errno.js';
import { FakeKernel } from './fake-kernel.js';
import { linkSchema } from './strace/link-layouts.js';
import { type Mapping, MSG_PEEK, MSG_TRUNC, type Pointed, type Poll, type Sys } from './sys.js';

/** One call that a {@link FakeSys} was asked to make. */
export type FakeCall = { readonly result: number } & (
  | {
      readonly name: 'bpf';
      /** `enum bpf_cmd`. */
      readonly cmd: number;
      readonly attr: DecodedRecord;
      readonly size: number;
    }
  | {
      readonly name: 'perf_event_open';
      readonly attr: Uint8Array;
      readonly pid: number;
      readonly cpu: number;
    }
  | { readonly name: 'ioctl'; readonly fd: number; readonly request: number; readonly arg: number | bigint }
  | { readonly name: 'mmap'; readonly fd: number; readonly length: number }
  | { readonly name: 'close' | 'poll'; readonly fd: number }
  | { readonly name: 'epoll_create1' }
  | { readonly name: 'epoll_ctl'; readonly epoll: number; readonly op: number; readonly fd: number }
  | { readonly name: 'mount'; readonly fstype: string }
  | { readonly name: 'pidfd_open'; readonly pid: number }
  | { readonly name: 'if_nametoindex'; readonly interface: string }
  | { readonly name: 'socket'; readonly domain: number; readonly type: number; readonly protocol: number }
  | { readonly name: 'sendto' | 'recvfrom'; readonly fd: number }
  | {
      readonly name: 'setsockopt';
      readonly fd: number;
      readonly level: number;
      readonly option: number;
      readonly value: Uint8Array;
    }
  | { readonly name: 'openat'; readonly path: string }
  | { readonly name: 'write'; readonly fd: number; readonly bytes: Uint8Array }
  | { readonly name: 'memlock'; readonly bytes: bigint }
);

/** Answers a bpf() command in place of the fake kernel; undefined lets the fake kernel answer. */
export type FakeAnswer = (
  attr: DecodedRecord,
  memory: (address: unknown) => Uint8Array,
) => number | undefined;

/**
 * A {@link Sys} without a kernel, for tests: objects live in memory, calls are recorded, any of them can be told to fail. It runs no program;
 * maps are those of {@link FakeKernel}. What it leaves open can be counted: `openFds`, `openMappings`, `openPolls`.
 */
export class FakeSys implements Sys {
  readonly calls: FakeCall[] = [];
  readonly kernel = new FakeKernel();
  /** Calls made so far that can fail: all but close. */
  attempts = 0;
  openMappings = 0;
  readonly #polls = new Map<object, { readonly fd: number; readonly callback: () => void }>();
  readonly #answers = new Map<number, FakeAnswer>();
  readonly #failures = new Map<number, number>();
  readonly #addresses = new WeakMap<Uint8Array, bigint>();
  readonly #memory = new Map<bigint, Uint8Array>();
  #nextAddress = 0x1000n;

  /** Fds that were handed out and not closed. */
  get openFds(): readonly number[] {
    return [...this.kernel.fds.keys()];
  }

  get openPolls(): number {
    return this.#polls.size;
  }

  /** Makes the `n`th call from now (1 is the next) fail with a positive errno. */
  failNth(n: number, errno: number): void {
    this.#failures.set(this.attempts + n, errno);
  }

  /** Answers a command with a result or a function; undefined as the answer brings the fake kernel's back. */
  answer(cmd: number, answer: number | FakeAnswer | undefined): void {
    if (answer === undefined) this.#answers.delete(cmd);
    else this.#answers.set(cmd, typeof answer === 'number' ? () => answer : answer);
  }

  /** Calls back the polls of `fd`, as if it had become readable. */
  wake(fd: number): void {
    for (const poll of [...this.#polls.values()]) if (poll.fd === fd) poll.callback();
  }

  bpf(cmd: number, attr: Uint8Array, size: number, pointed: readonly Pointed[] = []): number {
    for (const { address, bytes } of pointed) if (address) this.#memory.set(address, bytes);
    const passed = attr.subarray(0, size);
    const member = attrMember(cmd);
    if (!member) return this.#attempt({ name: 'bpf', cmd, attr: {}, size }, () => -Errno.EINVAL);
    const schema = member === 'link_create' ? linkSchema(passed, true) : attrSchema(cmd);
    const record = schema.decode(passed);
    return this.#attempt({ name: 'bpf', cmd, attr: record, size }, () => {
      const memory = (address: unknown): Uint8Array =>
        this.#memory.get(BigInt(address as bigint)) ?? new Uint8Array(0);
      const answered = this.#answers.get(cmd)?.(record, memory);
      if (answered !== undefined) return answered;
      const { result, changed } = this.kernel.bpf(cmd, record, memory);
      if (changed) attr.set(schema.encode({ ...record, ...changed }).subarray(0, size));
      return result;
    });
  }

  perfEventOpen(attr: Uint8Array, pid: number, cpu: number): number {
    return this.#attempt({ name: 'perf_event_open', attr: attr.slice(), pid, cpu }, () =>
      this.kernel.open({ kind: 'perf event' }),
    );
  }

  ioctl(fd: number, request: number, arg: number | bigint): number {
    return this.#attempt({ name: 'ioctl', fd, request, arg }, () =>
      this.kernel.fds.has(fd) ? 0 : -Errno.EBADF,
    );
  }

  /** Plain memory, zeros. */
  mmap(fd: number, length: number): Mapping | number {
    const result = this.#attempt({ name: 'mmap', fd, length }, () =>
      fd < 0 || this.kernel.fds.has(fd) ? 0 : -Errno.EBADF,
    );
    if (result < 0) return result;
    const buffer = new ArrayBuffer(length);
    this.openMappings++;
    let open = true;
    return {
      address: this.addressOf(new Uint8Array(buffer)),
      length,
      buffer,
      read: (offset, into) => {
        into.set(new Uint8Array(buffer, offset, into.length));
        return 0;
      },
      write: (offset, bytes) => {
        new Uint8Array(buffer).set(bytes, offset);
        return 0;
      },
      close: () => {
        if (!open) return;
        open = false;
        this.openMappings--;
        new Uint8Array(buffer).fill(0);
      },
    };
  }

  close(fd: number): number {
    const result = this.kernel.fds.delete(fd) ? 0 : -Errno.EBADF;
    this.calls.push({ name: 'close', fd, result });
    return result;
  }

  poll(fd: number, callback: () => void): Poll | number {
    const result = this.#attempt({ name: 'poll', fd }, () => (this.kernel.fds.has(fd) ? 0 : -Errno.EBADF));
    if (result < 0) return result;
    const poll: Poll = { close: () => void this.#polls.delete(poll), ref() {}, unref() {} };
    this.#polls.set(poll, { fd, callback });
    return poll;
  }

  epollCreate(): number {
    return this.#attempt({ name: 'epoll_create1' }, () => this.kernel.open({ kind: 'epoll' }));
  }

  epollCtl(epoll: number, op: number, fd: number): number {
    return this.#attempt({ name: 'epoll_ctl', epoll, op, fd }, () =>
      this.kernel.fds.has(epoll) && this.kernel.fds.has(fd) ? 0 : -Errno.EBADF,
    );
  }

  /** Nothing is ever ready; {@link wake} calls a poll back. */
  epollWait(): number {
    return 0;
  }

  addressOf(buffer: Uint8Array): bigint {
    let address = this.#addresses.get(buffer);
    if (address === undefined) {
      address = this.#nextAddress;
      this.#nextAddress += BigInt(Math.ceil(buffer.length / 4096) + 1) * 0x1000n;
      this.#addresses.set(buffer, address);
      this.#memory.set(address, buffer);
    }
    return address;
  }

  pidfdOpen(pid: number): number {
    return this.#attempt({ name: 'pidfd_open', pid }, () => this.kernel.open({ kind: 'pidfd' }));
  }

  /** There is `lo` only. */
  interfaceIndex(name: string): number {
    return this.#attempt({ name: 'if_nametoindex', interface: name }, () =>
      name === 'lo' ? 1 : -Errno.ENODEV,
    );
  }

  socket(domain: number, type: number, protocol: number): number {
    return this.#attempt({ name: 'socket', domain, type, protocol }, () =>
      this.kernel.open({ kind: 'socket', sent: [] }),
    );
  }

  /** What is sent comes back. */
  send(fd: number, bytes: Uint8Array): number {
    return this.#attempt({ name: 'sendto', fd }, () => {
      const socket = this.kernel.fds.get(fd);
      if (socket?.kind !== 'socket') return socket ? -Errno.ENOTSOCK : -Errno.EBADF;
      socket.sent.push(bytes.slice());
      return bytes.length;
    });
  }

  receive(fd: number, into: Uint8Array, flags: number): number {
    return this.#attempt({ name: 'recvfrom', fd }, () => {
      const socket = this.kernel.fds.get(fd);
      if (socket?.kind !== 'socket') return socket ? -Errno.ENOTSOCK : -Errno.EBADF;
      const message = flags & MSG_PEEK ? socket.sent[0] : socket.sent.shift();
      if (!message) return -Errno.EAGAIN;
      into.set(message.subarray(0, into.length));
      return flags & MSG_TRUNC ? message.length : Math.min(message.length, into.length);
    });
  }

  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number {
    return this.#attempt({ name: 'setsockopt', fd, level, option, value: value.slice() }, () =>
      this.kernel.fds.has(fd) ? 0 : -Errno.EBADF,
    );
  }

  openToAppend(path: string): number {
    return this.#attempt({ name: 'openat', path }, () => this.kernel.open({ kind: 'file' }));
  }

  write(fd: number, bytes: Uint8Array): number {
    return this.#attempt({ name: 'write', fd, bytes: bytes.slice() }, () =>
      this.kernel.fds.has(fd) ? bytes.length : -Errno.EBADF,
    );
  }

  setMemlock(bytes: bigint): number {
    return this.#attempt({ name: 'memlock', bytes }, () => 0);
  }

  mountDetached(fstype: string): number {
    return this.#attempt({ name: 'mount', fstype }, () => this.kernel.open({ kind: 'mount' }));
  }

  #attempt(call: DistributiveOmit<FakeCall, 'result'>, run: () => number): number {
    const errno = this.#failures.get(++this.attempts);
    const result = errno === undefined ? run() : -errno;
    this.calls.push({ ...call, result });
    return result;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The bpf() calls of a command that were made, decoded. */
export function bpfCalls(sys: FakeSys, cmd: keyof typeof BpfCmd): readonly DecodedRecord[] {
  return sys.calls.flatMap(call => (call.name === 'bpf' && call.cmd === BpfCmd[cmd] ? [call.attr] : []));
}
