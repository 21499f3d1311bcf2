import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { BpfObject, FormatError, newestKernel, ObjectError, StateError } from '../src/index.js';
import { fixture, fixtureBytes } from './repository.js';

t.test('an object opens from a path, a URL and bytes', async t => {
  const path = fixture('minimal');
  t.equal(BpfObject.open(path).spec.file, path);
  t.equal(BpfObject.open(pathToFileURL(path)).spec.file, path);
  const bytes = BpfObject.open(fixtureBytes('minimal'), { file: 'shown.bpf.o' });
  t.equal(bytes.spec.file, 'shown.bpf.o');
  t.match(BpfObject.open(path, { name: 'other' }).spec.maps[0]?.kernelName, 'other.rodata');
});

t.test('what cannot be opened is a FormatError', async t => {
  t.throws(() => BpfObject.open('/no/such.bpf.o'), {
    code: 'ERR_RAWBPF_FORMAT',
    message: /^\/no\/such.bpf.o: cannot be read: ENOENT/,
  });
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.throws(() => BpfObject.open(folder), { code: 'ERR_RAWBPF_FORMAT', message: /EISDIR/ });
  const text = join(folder, 'text.bpf.o');
  writeFileSync(text, 'not an object');
  t.throws(() => BpfObject.open(text), { code: 'ERR_RAWBPF_FORMAT', file: text });
  t.throws(() => BpfObject.open(new Uint8Array(0)), FormatError);
});

t.test('globals are read and set by their types before load', async t => {
  const { globals } = BpfObject.open(fixture('test-types'));
  t.ok(Object.keys(globals).includes('ro_name'));
  t.ok('ro_name' in globals);
  t.notOk('nothing' in globals);
  t.equal(globals['nothing'], undefined);
  t.equal(globals['ro_s8'], -8);
  t.equal(globals['ro_u64'], 0x8000000000000001n);
  t.equal(globals['ro_bool'], true);
  t.equal(globals['ro_name'], 'read only');
  t.match(globals['ro_packed'], { tag: 1, value: 2n, tail: 3 });
  t.equal(globals['zero_u64'], 0n);
  t.equal(globals['own_ro'], 5);

  globals['ro_s8'] = 127;
  globals['ro_name'] = 'changed';
  globals['zero_u64'] = 7n;
  globals['ro_packed'] = { tag: 9, value: 8n, tail: 7 };
  t.equal(globals['ro_s8'], 127);
  t.equal(globals['ro_name'], 'changed');
  t.equal(globals['zero_u64'], 7n);
  t.same(globals['ro_packed'], { tag: 9, value: 8n, tail: 7 });
  t.equal(globals['ro_u16'], 16, 'its neighbours are as they were');
});

t.test('a global that is not there or does not fit is refused by name', async t => {
  const { globals } = BpfObject.open(fixture('minimal'));
  t.throws(() => (globals['pid_filtr'] = 1), { code: 'ERR_RAWBPF_OBJECT', message: /pid_filtr.*pid_filter/ });
  for (const wrong of ['x', 1.5, 2 ** 31, -(2 ** 31) - 1, null, {}, [1]])
    t.throws(
      () => (globals['pid_filter'] = wrong as never),
      ObjectError,
      `${JSON.stringify(wrong)} is no pid_t`,
    );
  t.equal(globals['pid_filter'], 0);
});

t.test('a plan has the globals that were set, and changes nothing', async t => {
  const obj = BpfObject.open(fixture('minimal'));
  const initial = obj.plan({ kernel: newestKernel({ possibleCpus: 4 }) });
  t.same(
    initial.steps.map(step => step.what),
    obj.plan().steps.map(step => step.what),
  );
  obj.globals['pid_filter'] = 0x01020304;
  const value = obj.plan().steps.find(step => step.what.startsWith('initial value'))?.attr['value'];
  t.same((value as Uint8Array).subarray(0, 4), Uint8Array.of(4, 3, 2, 1));
  t.notOk(obj.isLoaded);
  t.throws(() => obj.plan({ programs: ['nothing'] }), {
    code: 'ERR_RAWBPF_OBJECT',
    message: /nothing.*handle_tp/,
  });
});

t.test('what needs a loaded object says so', async t => {
  const obj = BpfObject.open(fixture('minimal'));
  for (const act of [
    () => obj.maps,
    () => obj.programs,
    () => obj.program('handle_tp'),
    () => obj.map('.rodata'),
    () => obj.attach(),
  ])
    t.throws(act, { code: 'ERR_RAWBPF_STATE', message: /load\(\) comes first/ });
  obj.close();
  obj.close();
  t.throws(() => obj.maps, { message: /closed/ });
  t.throws(() => obj.load(), StateError);
});

t.test('an object of the other byte order is not loaded', async t => {
  const obj = BpfObject.open(fixture('be/minimal'));
  t.throws(() => obj.load(), {
    code: 'ERR_RAWBPF_FORMAT',
    message: /big-endian object cannot be loaded on this little-endian machine/,
  });
  t.notOk(obj.isLoaded);
});
