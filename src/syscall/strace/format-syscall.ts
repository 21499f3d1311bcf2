import { perfEventAttr } from '../../abi/index.js';
import { Errno, errnoMessage, errnoName } from '../errno.js';
import { EPOLL_CTL_DEL, EPOLLET, EPOLLIN, EPOLLOUT } from '../sys.js';
import type { SyscallEvent } from '../tracing.js';
import { type Flags, flagsText } from './constants.js';
import { bpfText } from './format-bpf.js';
import { perfEventAttrText } from './format-perf-event.js';
import { ioctlText } from './ioctls.js';
import { type FormatOptions, type FullOptions, withDefaults } from './options.js';
import { address, hex, quotedBytes } from './quote.js';
import { receiveFlagsText, setsockoptText, socketText } from './sockets.js';
import { verifierLogText } from './verifier-log.js';

const openFlags = named('PERF_FLAG_', 'FD_NO_GROUP FD_OUTPUT PID_CGROUP FD_CLOEXEC');
const protections = named('PROT_', 'READ WRITE EXEC');

/**
 * A call as strace prints it: `bpf(BPF_MAP_FREEZE, {map_fd=6}, 4) = 0`. By default byte for byte what strace 6.1 prints, but for the attr
 * of commands that are newer, which is printed as later ones do.
 */
export function formatSyscall(event: SyscallEvent, options: FormatOptions = {}): string {
  const full = withDefaults(options);
  const line = withResult(callText(event, full), resultText(event), full.column);
  return full.teach ? line + verifierLogText(event) : line;
}

/** Puts a result in its column. */
export function withResult(call: string, result: string, column: number): string {
  return `${call.padEnd(column - 1)} = ${result}`;
}

function callText(event: SyscallEvent, options: FullOptions): string {
  switch (event.name) {
    case 'bpf': {
      const { cmd, attr, attrAfter, size, memory, result } = event;
      return bpfText(cmd, { bytes: attr, after: attrAfter, size, memory, result, options });
    }
    case 'perf_event_open': {
      const { attr, attrAfter, pid, cpu, groupFd, flags, result } = event;
      // The one refusal at which the kernel says what size it takes.
      const newSize = result === -Errno.E2BIG ? perfEventAttr.decode(attrAfter)['size'] : undefined;
      return `perf_event_open(${perfEventAttrText(attr, options, newSize as number | undefined)}, ${pid}, ${cpu}, ${groupFd}, ${flagsText(openFlags, flags, true)})`;
    }
    case 'ioctl':
      return `ioctl(${event.fd}, ${ioctlText(event.request, event.arg)})`;
    case 'mmap': {
      const { length, protection, flags, fd, offset, wanted } = event;
      return `mmap(${wanted === 0n ? 'NULL' : address(wanted)}, ${length}, ${protection === 0 ? 'PROT_NONE' : flagsText(protections, protection, true)}, ${mapFlagsText(flags)}, ${fd}, ${hex(offset)})`;
    }
    case 'epoll_create1':
      return 'epoll_create1(EPOLL_CLOEXEC)';
    case 'epoll_ctl': {
      const { epoll, op, fd, events } = event;
      if (op === EPOLL_CTL_DEL) return `epoll_ctl(${epoll}, EPOLL_CTL_DEL, ${fd}, NULL)`;
      return `epoll_ctl(${epoll}, EPOLL_CTL_ADD, ${fd}, {events=${epollEventsText(events)}, data={u32=0, u64=0}})`;
    }
    case 'close':
      return `close(${event.fd})`;
    case 'pidfd_open':
      return `pidfd_open(${event.pid}, 0)`;
    case 'if_nametoindex':
      return `if_nametoindex(${stringText(event.interface, options)})`;
    case 'socket':
      return socketText(event);
    case 'setsockopt':
      return setsockoptText(event, options.stringLimit);
    case 'sendto': {
      const { fd, bytes } = event;
      return `sendto(${fd}, ${quotedBytes(bytes, bytes.length, options.stringLimit)}, ${bytes.length}, 0, NULL, 0)`;
    }
    case 'recvfrom': {
      const { fd, bytes, length, flags, result } = event;
      const came =
        result < 0
          ? address(event.address)
          : quotedBytes(bytes, Math.min(result, length), options.stringLimit);
      return `recvfrom(${fd}, ${came}, ${length}, ${receiveFlagsText(flags)}, NULL, NULL)`;
    }
    case 'openat':
      return `openat(AT_FDCWD, ${stringText(event.path, { ...options, stringLimit: event.path.length * 4 })}, O_WRONLY|O_APPEND|O_CLOEXEC)`;
    case 'write': {
      const { fd, bytes } = event;
      return `write(${fd}, ${quotedBytes(bytes, bytes.length, options.stringLimit)}, ${bytes.length})`;
    }
    case 'prlimit64':
      return `prlimit64(0, RLIMIT_MEMLOCK, {rlim_cur=${limitText(event.bytes)}, rlim_max=${limitText(event.bytes)}}, NULL)`;
    case 'fsopen':
      return `fsopen(${stringText(event.fstype, options)}, FSOPEN_CLOEXEC)`;
    case 'fsconfig':
      return `fsconfig(${event.fd}, FSCONFIG_CMD_CREATE, NULL, NULL, 0)`;
    case 'fsmount':
      return `fsmount(${event.fd}, FSMOUNT_CLOEXEC, 0)`;
  }
}

function epollEventsText(events: number): string {
  const names = [
    [EPOLLIN, 'EPOLLIN'],
    [EPOLLOUT, 'EPOLLOUT'],
    [EPOLLET, 'EPOLLET'],
  ] as const;
  return names.flatMap(([bit, name]) => (events & bit ? [name] : [])).join('|') || '0';
}

function stringText(text: string, { stringLimit }: FullOptions): string {
  const bytes = new TextEncoder().encode(text);
  return quotedBytes(bytes, bytes.length, stringLimit);
}

function resultText(event: SyscallEvent): string {
  const { result } = event;
  if (event.name === 'mmap' && result >= 0) return address(event.address);
  if (result >= 0) return String(result);
  // The C library, whose words strace prints, has none for the errnos from inside the kernel.
  const message = -result >= 512 ? `Unknown error ${-result}` : errnoMessage(-result);
  return `-1 ${errnoName(-result)} (${message})`;
}

function named(prefix: string, words: string): Flags {
  const names = words.split(' ').map((word, bit) => [prefix + word, 2 ** bit] as const);
  return { names, known: names.length, unknown: `${prefix}???` };
}

const mapKinds: Readonly<Record<number, string>> = {
  1: 'MAP_SHARED',
  2: 'MAP_PRIVATE',
  3: 'MAP_SHARED_VALIDATE',
};
const mapBits: Flags = {
  names: [
    ['MAP_FIXED', 0x10],
    ['MAP_ANONYMOUS', 0x20],
    ['MAP_LOCKED', 0x2000],
    ['MAP_NORESERVE', 0x4000],
    ['MAP_POPULATE', 0x8000],
    ['MAP_FIXED_NOREPLACE', 0x100000],
  ],
  known: 6,
  unknown: 'MAP_???',
};

function mapFlagsText(flags: number): string {
  const kind = mapKinds[flags & 15] ?? `${hex(flags & 15)} /* MAP_??? */`;
  return flags & ~15 ? `${kind}|${flagsText(mapBits, flags & ~15, true)}` : kind;
}

const infinite = 2n ** 64n - 1n;
function limitText(bytes: bigint): string {
  if (bytes === infinite) return 'RLIM64_INFINITY';
  return bytes > 1024n && bytes % 1024n === 0n ? `${bytes / 1024n}*1024` : String(bytes);
}
