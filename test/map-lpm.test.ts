import t from 'tap';
import { formatAddress, ipv4, ipv6, LpmTrie, parseAddress } from '../src/maps/index.js';
import { BpfObject } from '../src/programs/index.js';
import { dumped } from './dumped.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { testRun } from './test-run.js';

const open = (): BpfObject => BpfObject.open(fixture('test-map-kinds')).load();

t.test('addresses as text and as bytes', async t => {
  const pairs: readonly (readonly [string, string, string])[] = [
    ['0.0.0.0', '00000000', '0.0.0.0'],
    ['192.0.2.255', 'c00002ff', '192.0.2.255'],
    ['::', '00000000000000000000000000000000', '::'],
    ['::1', '00000000000000000000000000000001', '::1'],
    ['1::', '00010000000000000000000000000000', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '00010000000000020000000000000003', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'],
  ];
  for (const [text, hex, canonical] of pairs) {
    t.equal(Buffer.from(parseAddress(text)).toString('hex'), hex, text);
    t.equal(formatAddress(parseAddress(text)), canonical, text);
  }
  t.equal(formatAddress(parseAddress('1:2:3:4:5:6:7.8.9.10')), '1:2:3:4:5:6:708:90a');
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':::',
    '1:2',
    'g::',
    '1::2::3',
    'localhost',
  ])
    t.throws(() => parseAddress(bad), { name: 'TypeError', message: `${bad}: not an IPv4 or IPv6 address` });
  t.throws(() => parseAddress('fe80::1%eth0'), { name: 'TypeError', message: /zone/ });
});

t.test('codecs of addresses, for keys and values of any map', async t => {
  const bytes = new Uint8Array(24);
  ipv4.write(bytes, '10.1.2.3', 4);
  ipv6.write(bytes, '2001:db8::1', 8);
  t.same([ipv4.read(bytes, 4), ipv6.read(bytes, 8)], ['10.1.2.3', '2001:db8::1']);
  t.throws(() => ipv4.write(bytes, '::1'), { name: 'TypeError', message: '::1: not an IPv4 address' });
  t.throws(() => ipv6.write(bytes, '1.2.3.4'), {
    name: 'TypeError',
    message: '1.2.3.4: not an IPv6 address',
  });
  t.throws(() => ipv4.write(bytes, 0x7f000001), { name: 'TypeError', message: /number instead of an IPv4/ });
});

t.test('IPv4 prefixes: the longest that contains', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = open();
  const map = object.map('routes4', LpmTrie);
  map.set('0.0.0.0/0', 1).set('10.0.0.0/8', 8).set('10.5.0.0/16', 16).set('10.5.2.3', 32);
  t.equal(map.get('10.5.2.3'), 32);
  t.equal(map.get('10.5.2.4'), 16);
  t.equal(map.get('10.6.2.3'), 8);
  t.equal(map.get('10.0.0.0/7'), 1, 'a shorter prefix is not within a longer one');
  t.equal(testRun(object.program('route'), 5), 32, 'as a program finds it');
  t.equal(testRun(object.program('route'), 6), 8);
  t.same(
    new Map([...map] as [string, number][]),
    new Map([
      ['0.0.0.0/0', 1],
      ['10.0.0.0/8', 8],
      ['10.5.0.0/16', 16],
      ['10.5.2.3/32', 32],
    ]),
  );
  const theirs = dumped(map).map(({ formatted }) => {
    const { key, value } = formatted as { key: { prefixlen: number; address: number[] }; value: number };
    return [`${key.address.map(Number).join('.')}/${key.prefixlen}`, value];
  });
  t.same(
    new Map([...map] as [string, number][]),
    new Map(theirs as [string, number][]),
    'as bpftool dumps it',
  );
  t.equal(map.delete('10.5.0.0/24'), false, 'the very prefix');
  t.equal(map.delete('10.5.2.3/32'), true);
  t.equal(testRun(object.program('route'), 5), 16);
  const raw = Uint8Array.of(8, 0, 0, 0, 10, 0, 0, 0);
  t.equal(map.get({ prefixlen: 8, data: raw.subarray(4) }), 8);
});

t.test('IPv6 prefixes', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const map = object.map('routes6', LpmTrie);
  map.set('2001:db8::/32', 32);
  t.equal(testRun(object.program('add_route6'), 7), 0);
  t.same(
    new Map([...map] as [string, number][]),
    new Map([
      ['2001:db8::/32', 32],
      ['2001:db8::7/128', 128],
    ]),
  );
  t.equal(map.get('2001:db8::7'), 128);
  t.equal(map.get('2001:db8::8'), 32);
  t.equal(map.get('2001:db9::8'), undefined);
});

t.test('prefixes over several members, and over bytes', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const scoped = object.map('scoped_routes', LpmTrie);
  const key = { prefixlen: 40, zone: 5, address: [10, 0, 0, 0] };
  scoped.set(key, 1);
  t.same([...scoped.keys()], [key]);
  t.equal(scoped.get({ prefixlen: 64, zone: 5, address: [10, 1, 1, 1] }), 1);
  t.equal(scoped.get({ prefixlen: 64, zone: 6, address: [10, 1, 1, 1] }), undefined);
  const names = object.map('names', LpmTrie);
  const data = Uint8Array.from('rawbpf\0\0', char => char.charCodeAt(0));
  names.set({ prefixlen: 48, data }, 6);
  t.same([...names.keys()], [{ prefixlen: 48, data }]);
  t.equal(names.get({ prefixlen: 64, data: Uint8Array.from('rawbpf.x', c => c.charCodeAt(0)) }), 6);
});

t.test('keys that are no prefixes', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = open();
  const wrong = (map: string, key: unknown, message: RegExp): void => {
    t.throws(() => object.map(map, LpmTrie).get(key), { name: 'TypeError', message });
    t.throws(() => object.map(map, LpmTrie).set(key, 1), { name: 'TypeError', message });
  };
  wrong('routes4', '10.0.0.0/33', /routes4: key: prefixlen 33 is not within 0 to 32/);
  wrong('routes4', '10.0.0.1/8', /routes4: key: 10\.0\.0\.1\/8 has bits set.*network is 10\.0\.0\.0\/8/);
  wrong('routes4', '10.0.0.128/24', /bits set/);
  wrong('routes4', '10.0.0.0/', /nothing after \//);
  wrong('routes4', '10.0.0.0/-1', /-1 after \//);
  wrong('routes4', '10.0.0/8', /10\.0\.0: not an IPv4 or IPv6 address/);
  wrong('routes4', '2001:db8::/32', /2001:db8::\/32 is IPv6, the map's keys are IPv4/);
  wrong('routes6', '10.0.0.0/8', /is IPv4, the map's keys are IPv6/);
  wrong('routes6', 'fe80::1%lo', /zone/);
  wrong('routes4', 5, /ADDRESS\/LENGTH/);
  wrong('names', 'rawbpf', /must be {prefixlen, data: Uint8Array}/);
  wrong('names', { prefixlen: 8, data: new Uint8Array(4) }, /data has 4 bytes, must have 8/);
  wrong('scoped_routes', { prefixlen: 32, zone: 'x' }, /zone/);
  t.throws(() => object.map('routes4', LpmTrie).set('10.0.0.0/8', 'x'), { name: 'TypeError' });
});
