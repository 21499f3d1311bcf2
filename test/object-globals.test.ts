import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import {
  encodeGlobal,
  globalCodec,
  newestKernel,
  parseGlobalValue,
  parseObject,
  planLoad,
} from '../src/object/index.js';
import { fixtureBytes } from './repository.js';

const types = parseObject(fixtureBytes('test-types'), { file: 'test-types.bpf.o' });
const opensnoop = parseObject(fixtureBytes('opensnoop'), { file: 'opensnoop.bpf.o' });

t.test('text is read by the type of the global', async t => {
  const cases: [name: string, text: string, value: unknown][] = [
    ['ro_s8', '-128', -128],
    ['ro_u16', '0xffff', 65535],
    ['ro_u64', '18446744073709551615', 18446744073709551615n],
    ['ro_s64', '-0x10', -16n],
    ['ro_bool', 'true', true],
    ['ro_bool', '0', false],
    ['ro_color', 'GREEN', 'GREEN'],
    ['ro_color', '5', 5],
    ['ro_name', '12', '12'],
    ['ro_array', '[1, 2, "0x3", 4]', [1, 2, 3, 4]],
    ['ro_packed', '{"tag": 7, "value": "0xffffffffffffffff"}', { tag: 7, value: 0xffffffffffffffffn }],
    ['ro_u16', "'A'", 65],
    ['rw_name', 'ok', 'ok'],
    ['rw_int', '+12', 12],
  ];
  for (const [name, text, value] of cases)
    t.same(parseGlobalValue(types, name, text), value, `${name}=${text}`);
});

t.test('what does not fit says type and range', async t => {
  const cases: [name: string, text: string, message: RegExp][] = [
    [
      'ro_u16',
      '65536',
      /^test-types\.bpf\.o: global ro_u16 \(const volatile __u16\): .*65536.*\(0 to 65535\)/,
    ],
    ['ro_u16', '-1', /0 to 65535/],
    ['ro_u16', 'many', /"many" is not an integer/],
    ['ro_u16', '', /"" is not an integer/],
    ['ro_u16', '1.5', /"1.5" is not an integer/],
    ['ro_s8', '128', /-128 to 127/],
    ['ro_bool', 'maybe', /"maybe" is none of true, false, 1, 0/],
    ['ro_bool', '2', /"2" is none of true/],
    ['ro_color', 'PURPLE', /"PURPLE" is none of RED, GREEN, BLUE/],
    ['ro_name', 'a name of more than sixteen bytes', /char\[16\]/],
    ['ro_array', '1,2', /is to be given as a JSON array/],
    ['ro_array', '[1,2,3,4,5]', /an array of 4/],
    ['ro_packed', '{"nothing": 1}', /nothing: struct packed has no such member \(it has tag, value, tail\)/],
    ['ro_packed', '{"tag": 256}', /tag: .*0 to 255/],
    [
      'nothing',
      '1',
      /^test-types\.bpf\.o: global nothing: there is none of this name; there is ro_s8, ro_u16, /,
    ],
  ];
  for (const [name, text, message] of cases)
    t.throws(
      () => parseGlobalValue(types, name, text),
      { name: 'ObjectError', code: 'ERR_RAWBPF_OBJECT', message },
      `${name}=${text}`,
    );
});

t.test('a codec reads what the object holds', async t => {
  const rodata = types.maps.find(m => m.name === '.rodata')?.internal?.bytes as Uint8Array;
  const value = (name: string) =>
    globalCodec(types, name).read(rodata, types.globals.find(g => g.name === name)?.offset);
  t.equal(value('ro_s8'), -8);
  t.equal(value('ro_u64'), 0x8000000000000001n);
  t.equal(value('ro_name'), 'read only');
  t.same(value('ro_packed'), { tag: 1, value: 2n, tail: 3 });
  t.same(value('ro_array'), [1, 2, 3, 4]);
});

t.test('values go into the plan', async t => {
  const rodata = (globals?: Record<string, unknown>) =>
    planLoad(opensnoop, newestKernel(), globals ? { globals } : {}).steps.find(
      step => step.cmd === BpfCmd.BPF_MAP_UPDATE_ELEM,
    )?.attr['value'];
  t.same(rodata(), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0));
  t.same(
    rodata({ targ_pid: 258, targ_failed: true }),
    Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 1),
  );
  t.same(rodata(), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0), 'the object itself stays');
  t.throws(() => rodata({ targ_pid: 2 ** 31 }), {
    name: 'ObjectError',
    subject: 'global targ_pid (const volatile pid_t)',
  });
  t.throws(() => rodata({ pid: 1 }), {
    message: /global pid: there is none of this name; there is targ_pid, targ_tgid/,
  });
  t.same(encodeGlobal(opensnoop, 'targ_failed', true), Uint8Array.of(1));
});

t.test('.bss is filled only where something is set', async t => {
  const spec = parseObject(fixtureBytes('test-subprog'), { file: 'test-subprog.bpf.o' });
  const updates = (globals: Record<string, unknown>) =>
    planLoad(spec, newestKernel(), { globals }).steps.filter(step => step.cmd === BpfCmd.BPF_MAP_UPDATE_ELEM);
  t.same(updates({}), []);
  t.match(updates({ calls: 7 }), [
    { attr: { value: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) } },
  ]);
});
