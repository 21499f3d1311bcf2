import { hostEndian } from '../../abi/index.js';
import { FormatError } from '../../errors/index.js';
import { Errno } from '../errno.js';
import { OwnedFd } from '../owned-fd.js';
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  NETLINK_EXT_ACK,
  NETLINK_ROUTE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_NETLINK,
  type Sys,
} from '../sys.js';
import { aligned, attributeText, concatenate, decodeAttributes, hostInt32 } from './attributes.js';

/** Flags of requests (`NLM_F_*`). */
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
/** Answer what was made. */
export const NLM_F_ECHO = 8;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
const NLM_F_DUMP = 0x300;
/** Flags of answers. */
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;
const headerSize = 16;
const littleEndian = hostEndian === 'little';
/** A dump that something changed meanwhile is asked for again this often. */
const dumpAttempts = 8;
/** What is there is asked for this often, when memory is short or a signal comes. */
const receiveAttempts = 4;

export interface NetlinkRequest {
  /** `RTM_*`. */
  readonly type: number;
  /** `NLM_F_*` besides NLM_F_REQUEST. */
  readonly flags: number;
  /** The family's struct and the attributes. */
  readonly body: readonly Uint8Array[];
}

export interface NetlinkReply {
  /** 0, or a positive errno. */
  readonly errno: number;
  /** The errno is that of sending: the kernel did nothing. */
  readonly unsent?: true;
  /** What the kernel says of it in words; it may warn of what it did, too. Linux 4.12. */
  readonly text?: string;
  /** The bodies of the messages that answer, without their headers. */
  readonly messages: readonly Uint8Array[];
}

/** A socket to the kernel's routing netlink (rtnetlink(7)), in the network namespace of this process. */
export class RouteSocket {
  readonly #sys: Sys;
  readonly #fd: OwnedFd;
  #sequence = 0;

  private constructor(sys: Sys, fd: OwnedFd) {
    this.#sys = sys;
    this.#fd = fd;
  }

  /** A new socket, or `-errno`. */
  static open(sys: Sys): RouteSocket | number {
    const fd = sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return fd;
    // Kernels before 4.12 refuse it, and then their errors have no words.
    sys.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, hostInt32(1));
    return new RouteSocket(sys, new OwnedFd(sys, fd));
  }

  /** Asks, and waits for the answer: the kernel has done all when sending returns. */
  request(request: NetlinkRequest): NetlinkReply {
    return this.#exchange({ ...request, flags: request.flags | NLM_F_ACK });
  }

  /** Asks for all there is of something. */
  dump(request: NetlinkRequest): NetlinkReply {
    for (let attempt = 1; ; attempt++) {
      const reply = this.#exchange({ ...request, flags: request.flags | NLM_F_DUMP });
      if (!reply.interrupted || attempt === dumpAttempts) return reply;
    }
  }

  close(): void {
    this.#fd.close();
  }

  #exchange({ type, flags, body }: NetlinkRequest): NetlinkReply & { interrupted?: boolean } {
    const sequence = ++this.#sequence;
    const content = concatenate(body);
    const message = new Uint8Array(headerSize + content.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, message.length, littleEndian);
    view.setUint16(4, type, littleEndian);
    view.setUint16(6, flags | NLM_F_REQUEST, littleEndian);
    view.setUint32(8, sequence, littleEndian);
    message.set(content, headerSize);
    const sent = this.#sys.send(this.#fd.value, message);
    if (sent < 0) return { errno: -sent, unsent: true, messages: [] };
    const messages: Uint8Array[] = [];
    let interrupted = false;
    for (;;) {
      const datagram = this.#receive();
      if (typeof datagram === 'number') return { errno: -datagram, messages };
      for (const answer of answersIn(datagram)) {
        if (answer.sequence !== sequence) continue;
        interrupted ||= (answer.flags & NLM_F_DUMP_INTR) !== 0;
        if (answer.type !== NLMSG_ERROR && answer.type !== NLMSG_DONE) messages.push(answer.body);
        else return { ...ending(answer), messages, interrupted };
      }
    }
  }

  /** The next datagram, in a buffer of the size that the kernel says it has; or `-errno`. */
  #receive(): Uint8Array | number {
    const length = this.#take(new Uint8Array(0), MSG_PEEK);
    if (length < 0) return length;
    const datagram = new Uint8Array(length);
    const received = this.#take(datagram, 0);
    if (received < 0) return received;
    return received > length ? -Errno.EMSGSIZE : datagram.subarray(0, received);
  }

  /** The answer is there, and tells whether something was made that must be undone: a refusal to hand it over is not taken for one. */
  #take(into: Uint8Array, flags: number): number {
    for (let attempt = 1; ; attempt++) {
      const received = this.#sys.receive(this.#fd.value, into, flags | MSG_TRUNC | MSG_DONTWAIT);
      if (received >= 0 || attempt === receiveAttempts) return received;
    }
  }
}

interface Answer {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

function* answersIn(datagram: Uint8Array): Generator<Answer> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  for (let at = 0; at + headerSize <= datagram.length; ) {
    const length = view.getUint32(at, littleEndian);
    if (length < headerSize || at + length > datagram.length)
      throw new FormatError(`a message says that it has ${length} bytes`, {
        file: 'netlink datagram',
        offset: at,
      });
    yield {
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      sequence: view.getUint32(at + 8, littleEndian),
      body: datagram.subarray(at + headerSize, at + length),
    };
    at += aligned(length);
  }
}

/** The error, and its words, of what ends an answer: `struct nlmsgerr`, or the end of a dump, which begins with an errno as well. */
function ending({ type, flags, body }: Answer): Pick<NetlinkReply, 'errno' | 'text'> {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const damaged = (): FormatError =>
    new FormatError(`an error of ${body.length} bytes, without the request that it is about`, {
      file: 'netlink datagram',
      offset: 0,
    });
  if (type === NLMSG_ERROR && body.length < 4) throw damaged();
  const errno = body.length >= 4 ? 0 - view.getInt32(0, littleEndian) : 0;
  if (!(flags & NLM_F_ACK_TLVS)) return { errno };
  // The request follows the errno: its header, and all of it unless that was cut off.
  if (type === NLMSG_ERROR && body.length < 4 + headerSize) throw damaged();
  const request =
    type === NLMSG_DONE ? 0 : flags & NLM_F_CAPPED ? headerSize : view.getUint32(4, littleEndian);
  if (4 + request > body.length && type === NLMSG_ERROR) throw damaged();
  const text = attributeText(decodeAttributes(body.subarray(aligned(4 + request))), NLMSGERR_ATTR_MSG);
  return text === undefined ? { errno } : { errno, text };
}
