import t, { type Test } from 'tap';
import { FormatError } from '../src/errors/index.js';
import { queryXdp } from '../src/programs/index.js';
import { FakeSys, type NetlinkReply, RouteSocket } from '../src/syscall/index.js';

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_ACK_TLVS = 0x200;
const RTM_NEWLINK = 16;

/** `struct nlmsghdr`, its length as told, and the first request's number. */
function message(
  type: number,
  body: readonly number[],
  { length = 16 + body.length, flags = 0 } = {},
): Uint8Array {
  const bytes = new Uint8Array(16 + body.length);
  bytes.set(new Uint8Array(Uint32Array.of(length).buffer), 0);
  bytes.set(new Uint8Array(Uint16Array.of(type, flags).buffer), 4);
  bytes.set(new Uint8Array(Uint32Array.of(1).buffer), 8);
  bytes.set(body, 16);
  return bytes;
}

const int = (value: number): number[] => [...new Uint8Array(Int32Array.of(value).buffer)];
/** The request that an error repeats. */
const request = [...message(RTM_NEWLINK, [])];
const refusal = (attributes: readonly number[]): Uint8Array =>
  message(NLMSG_ERROR, [...int(-22), ...request, ...attributes], { flags: NLM_F_ACK_TLVS });

/** What asking answers, when the kernel says this. */
function asked(t: Test, datagrams: readonly Uint8Array[]): NetlinkReply | Error {
  const sys = answering(datagrams);
  const socket = RouteSocket.open(sys) as RouteSocket;
  try {
    return socket.dump({ type: 18, flags: 0, body: [] });
  } catch (error) {
    return error as Error;
  } finally {
    socket.close();
    t.same(sys.openFds, []);
  }
}

/** A kernel whose netlink says this, whatever it is asked, and then nothing. */
function answering(datagrams: readonly Uint8Array[]): FakeSys {
  const sys = new FakeSys();
  const left = [...datagrams];
  sys.receive = (_fd, into, flags) => {
    const [datagram] = left;
    if (!datagram) return -11;
    into.set(datagram.subarray(0, into.length));
    if ((flags & 2) === 0) left.shift();
    return datagram.length;
  };
  return sys;
}

const wrong: readonly (readonly [what: string, datagram: Uint8Array, says: RegExp])[] = [
  ['a length of 0', message(RTM_NEWLINK, int(0), { length: 0 }), /a message says that it has 0 bytes/],
  ['a message longer than what came', message(RTM_NEWLINK, [], { length: 64 }), /says that it has 64 bytes/],
  ['an error without its errno', message(NLMSG_ERROR, []), /an error of 0 bytes/],
  ['an error cut in its errno', message(NLMSG_ERROR, [1, 2]), /an error of 2 bytes/],
  [
    'an error without its request',
    message(NLMSG_ERROR, int(-22), { flags: NLM_F_ACK_TLVS }),
    /an error of 4 bytes/,
  ],
  [
    'an error whose request ends beyond it',
    message(NLMSG_ERROR, [...int(-22), ...message(RTM_NEWLINK, [], { length: 0xfffffff0 })], {
      flags: NLM_F_ACK_TLVS,
    }),
    /an error of 20 bytes/,
  ],
  ['an attribute longer than the error', refusal([200, 0, 1, 0]), /an attribute says that it has 200 bytes/],
  ['an attribute of length 0', refusal([0, 0, 1, 0]), /an attribute says that it has 0 bytes/],
];

for (const [what, datagram, says] of wrong)
  t.test(`${what} is a FormatError`, async t => {
    const answer = asked(t, [datagram]);
    t.type(answer, FormatError);
    t.match((answer as Error).message, says);
  });

t.test('what is missing is not made up', async t => {
  t.match(asked(t, []), { errno: 11 }, 'no answer');
  t.match(asked(t, [new Uint8Array(0)]), { errno: 11 }, 'an empty datagram, and no other');
  t.match(asked(t, [message(RTM_NEWLINK, int(0)).subarray(0, 9)]), { errno: 11 }, 'a header cut short');
  const silent = asked(t, [refusal([])]) as NetlinkReply;
  t.equal(silent.errno, 22);
  t.equal(silent.text, undefined, 'an error without text');
  t.match(asked(t, [refusal([5, 0, 1, 0, 0])]), { errno: 22, text: '' }, 'an empty text');
  t.match(asked(t, [message(NLMSG_DONE, [])]), { errno: 0, messages: [] }, 'an end without a status');
});

t.test('attaching and asking over such answers throw typed errors, and leave no socket', async t => {
  for (const [what, datagram] of wrong) {
    const sys = answering([datagram]);
    t.throws(() => queryXdp(1, { sys }), FormatError, what);
    t.same(sys.openFds, []);
  }
});
