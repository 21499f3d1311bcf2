import { hostEndian } from '../../abi/index.js';
import { AF_NETLINK } from '../sys.js';
import type { SyscallEvent } from '../tracing.js';
import { type Choice, choiceText, type Flags, flagsText } from './constants.js';
import { quotedBytes } from './quote.js';

type Call<Name extends SyscallEvent['name']> = Extract<SyscallEvent, { name: Name }>;

const typeMask = 0xf;

const domains = names('AF_???', {
  1: 'AF_UNIX',
  2: 'AF_INET',
  10: 'AF_INET6',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
});
const types = names('SOCK_???', { 1: 'SOCK_STREAM', 2: 'SOCK_DGRAM', 3: 'SOCK_RAW', 5: 'SOCK_SEQPACKET' });
const typeFlags: Flags = {
  names: [
    ['SOCK_CLOEXEC', 0o2000000],
    ['SOCK_NONBLOCK', 0o4000],
  ],
  known: 2,
  unknown: 'SOCK_???',
};
const inetProtocols = names('IPPROTO_???', { 0: 'IPPROTO_IP', 6: 'IPPROTO_TCP', 17: 'IPPROTO_UDP' });
const netlinkProtocols = names('NETLINK_???', { 0: 'NETLINK_ROUTE' });
const messageFlags: Flags = {
  names: [
    ['MSG_PEEK', 2],
    ['MSG_TRUNC', 0x20],
    ['MSG_DONTWAIT', 0x40],
  ],
  known: 3,
  unknown: 'MSG_???',
};

const levels = names('SOL_??', { 1: 'SOL_SOCKET', 270: 'SOL_NETLINK' });
/** The options that rawbpf sets, by level. */
const options: Readonly<Record<number, Choice>> = {
  1: names('SO_???', {
    27: 'SO_DETACH_FILTER',
    50: 'SO_ATTACH_BPF',
    52: 'SO_ATTACH_REUSEPORT_EBPF',
    68: 'SO_DETACH_REUSEPORT_BPF',
  }),
  270: names('NETLINK_???', { 11: 'NETLINK_EXT_ACK', 12: 'NETLINK_GET_STRICT_CHK' }),
};

function names(unknown: string, known: Readonly<Record<number, string>>): Choice {
  const pairs = Object.entries(known).map(([value, name]) => [Number(value), name] as const);
  return { names: new Map(pairs), last: Number.POSITIVE_INFINITY, unknown };
}

export function socketText({ domain, type, protocol }: Call<'socket'>): string {
  const flags = type & ~typeMask;
  const kind =
    choiceText(types, type & typeMask, true) + (flags ? `|${flagsText(typeFlags, flags, true)}` : '');
  return `socket(${choiceText(domains, domain, true)}, ${kind}, ${protocolText(domain, protocol)})`;
}

function protocolText(domain: number, protocol: number): string {
  if (domain === AF_NETLINK) return choiceText(netlinkProtocols, protocol, true);
  if (domain === 2 || domain === 10) return choiceText(inetProtocols, protocol, true);
  return String(protocol);
}

export function setsockoptText({ fd, level, option, value }: Call<'setsockopt'>, limit: number): string {
  const known = options[level];
  const name = known ? choiceText(known, option, true) : String(option);
  const text =
    value.length === 4
      ? `[${new DataView(value.buffer, value.byteOffset).getInt32(0, hostEndian === 'little')}]`
      : quotedBytes(value, value.length, limit);
  return `setsockopt(${fd}, ${choiceText(levels, level, true)}, ${name}, ${text}, ${value.length})`;
}

export function receiveFlagsText(flags: number): string {
  return flagsText(messageFlags, flags, true);
}
