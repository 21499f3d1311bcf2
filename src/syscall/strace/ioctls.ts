import { hex } from './quote.js';

/** The perf ioctls (include/uapi/linux/perf_event.h) by request, and how the argument is printed. */
const perfIoctls: Readonly<Record<number, readonly [name: string, arg: (arg: bigint) => string]>> = {
  [0x2400]: ['ENABLE', flags],
  [0x2401]: ['DISABLE', flags],
  [0x2402]: ['REFRESH', signed],
  [0x2403]: ['RESET', flags],
  [0x40082404]: ['PERIOD', pointer],
  [0x2405]: ['SET_OUTPUT', signed],
  [0x40082406]: ['SET_FILTER', pointer],
  [0x80082407]: ['ID', pointer],
  [0x40042408]: ['SET_BPF', signed],
  [0x40042409]: ['PAUSE_OUTPUT', String],
  [0xc008240a]: ['QUERY_BPF', pointer],
  [0x4008240b]: ['MODIFY_ATTRIBUTES', pointer],
};

/** The request and argument of an ioctl, as strace prints them. */
export function ioctlText(request: number, arg: number | bigint): string {
  const known = perfIoctls[request >>> 0];
  if (known) return `PERF_EVENT_IOC_${known[0]}, ${known[1](BigInt(arg))}`;
  return `${hex(request >>> 0)}, ${hex(BigInt.asUintN(64, BigInt(arg)))}`;
}

function flags(arg: bigint): string {
  if (arg === 0n) return '0';
  const rest = arg & ~1n;
  if (arg & 1n) return rest ? `PERF_IOC_FLAG_GROUP|${hex(rest)}` : 'PERF_IOC_FLAG_GROUP';
  return `${hex(arg)} /* PERF_IOC_FLAG_??? */`;
}

function signed(arg: bigint): string {
  return String(BigInt.asIntN(32, arg));
}

function pointer(arg: bigint): string {
  return arg === 0n ? 'NULL' : hex(arg);
}
