import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { BpfObject, type Link, SockHash, SockMap } from '../src/index.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';

const load = (...programs: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-sockets')).load({ programs });

interface Connection {
  readonly client: Socket;
  readonly peer: Socket;
}

async function connection(t: Test): Promise<Connection> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  t.teardown(() => {
    client.destroy();
    (peer as Socket).destroy();
    server.close();
  });
  return { client, peer: peer as Socket };
}

/** Puts one end of a new connection into the map and sends something; how often the program ran, and the parser. */
async function traffic(
  t: Test,
  object: BpfObject,
  side: keyof Connection,
  map: SockMap | SockHash = object.map('sockets', SockMap),
): Promise<readonly [runs: bigint, parsed: bigint]> {
  const { client, peer } = await connection(t);
  const count = () => [object.globals['runs'], object.globals['parsed']] as [bigint, bigint];
  const [runs, parsed] = count();
  (map as SockMap).set(1, side === 'client' ? client : peer);
  const came = once(peer, 'data');
  client.write('hello');
  t.equal(String((await came)[0]), 'hello', 'passes');
  (map as SockMap).delete(1);
  const [runsAfter, parsedAfter] = count();
  return [runsAfter - runs, parsedAfter - parsed];
}

sectionRow(t, ['sk_msg'], async t => {
  using object = load('msg');
  t.same(await traffic(t, object, 'client'), [0n, 0n]);
  const link = object.program('msg').attachTo({ kind: 'sockmap', map: object.map('sockets') });
  t.same(await traffic(t, object, 'client'), [1n, 0n]);
  link.close();
  t.same(await traffic(t, object, 'client'), [0n, 0n]);
});

sectionRow(t, ['sk_skb/stream_parser', 'sk_skb/stream_verdict'], async t => {
  using object = load('stream_parser', 'stream_verdict');
  const map = object.map('sockets', SockMap);
  t.same(await traffic(t, object, 'peer'), [0n, 0n]);
  const links = ['stream_parser', 'stream_verdict'].map(name =>
    object.program(name).attachTo({ kind: 'sockmap', map }),
  );
  const [runs, parsed] = await traffic(t, object, 'peer');
  t.ok(runs > 0n);
  t.ok(parsed > 0n);
  for (const link of links) link.close();
  t.same(await traffic(t, object, 'peer'), [0n, 0n]);
});

sectionRow(t, ['sk_skb/verdict'], async t => {
  using object = load('verdict');
  const map = object.map('socket_hash', SockHash);
  t.same(await traffic(t, object, 'peer', map), [0n, 0n]);
  const link = object.program('verdict').attachTo({ kind: 'sockmap', map });
  t.ok((await traffic(t, object, 'peer', map))[0] > 0n);
  link.close();
  t.same(await traffic(t, object, 'peer', map), [0n, 0n]);
});

sectionRow(t, ['sk_skb'], async t => {
  using object = load('skb', 'stream_parser');
  const map = object.map('sockets', SockMap);
  const program = object.program('skb');
  t.throws(() => program.attachTo({ kind: 'sockmap', map }), { name: 'TypeError', message: /attachAs/ });
  const links: Link[] = [
    object.program('stream_parser').attachTo({ kind: 'sockmap', map }),
    program.attachTo({ kind: 'sockmap', map, attachAs: 'stream_verdict' }),
  ];
  t.ok((await traffic(t, object, 'peer'))[0] > 0n);
  for (const link of links) link.close();
  t.same(await traffic(t, object, 'peer'), [0n, 0n]);
});

t.test('what sockmaps tell and refuse', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = load('msg', 'filter', 'stream_verdict');
  const map = object.map('sockets');
  const program = object.program('msg');
  const link = program.attachTo({ kind: 'sockmap', map });
  if (link.isBpfLink) {
    t.match(link.info(), { typeName: 'sockmap', mapId: map.info().id, progId: program.info().id });
    const shown = JSON.parse(run('bpftool', 'link', 'show', 'id', String(link.info().id), '-j'));
    t.match(shown, { prog_id: program.info().id });
    t.throws(() => program.attachTo({ kind: 'sockmap', map }), {
      errnoName: 'EBUSY',
      message: /has such a program already/,
    });
  }
  t.throws(() => object.program('filter').attachTo({ kind: 'sockmap', map }), {
    name: 'TypeError',
    message: /sk_msg and sk_skb/,
  });
  t.throws(() => program.attachTo({ kind: 'sockmap', map, attachAs: 'verdict' }), {
    name: 'TypeError',
    message: /attachAs is for sk_skb/,
  });
  t.throws(
    () => object.program('stream_verdict').attachTo({ kind: 'sockmap', map: object.map('listeners') }),
    {
      message: /no sockmap or sockhash/,
    },
  );
  link.close();
  program.attachTo({ kind: 'sockmap', map }).close();
});
