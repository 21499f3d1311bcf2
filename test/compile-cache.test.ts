import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type CompileOptions, compileObject } from '../src/compile/index.js';
import { withStore } from '../src/compile/store.js';
import { needs } from './live.js';

function folderOf(t: Test, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-cache-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

t.test('an object is compiled again when anything that it is made of changed', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const folder = folderOf(t, {
    'a.bpf.c':
      '#include "a.h"\n#if __has_include("later.h")\n#include "later.h"\n#endif\nint value = VALUE;\n',
    'b/a.h': '#define VALUE 1\n',
  });
  const source = join(folder, 'a.bpf.c');
  const options: CompileOptions = { cache: join(folder, 'cache'), include: [join(folder, 'b')] };
  const isCached = (more: CompileOptions = {}) => compileObject(source, { ...options, ...more }).cached;
  const first = compileObject(source, options);
  t.notOk(first.cached);
  const second = compileObject(source, options);
  t.ok(second.cached);
  t.same(second, { ...first, cached: true });

  t.notOk(isCached({ flags: ['-O1'] }), 'a flag');
  writeFileSync(join(folder, 'b/a.h'), '#define VALUE 2\n');
  t.notOk(isCached(), 'a header');
  t.ok(isCached());
  writeFileSync(join(folder, 'a.h'), '#define VALUE 2\n');
  t.notOk(isCached(), 'a header that comes before');
  writeFileSync(join(folder, 'later.h'), '\n');
  t.notOk(isCached(), 'a header that was not there');
  writeFileSync(source, '\nint value = 3;\n');
  t.notOk(isCached(), 'the source');
  writeFileSync(source, '\nint value = 4;\n');
  t.notOk(isCached());
  t.notOk(compileObject(source, { ...options, cache: false }).cached, 'no cache');
  t.ok(isCached());
});

t.test('any number of processes compile the same at once', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const folder = folderOf(t, { 'a.bpf.c': '#include <bpf/bpf_endian.h>\nint value = bpf_htonl(1);\n' });
  const compile = new URL('../src/compile/index.js', import.meta.url).href;
  const script = `const { compileObject } = await import(${JSON.stringify(compile)});
    const { bytes } = compileObject(${JSON.stringify(join(folder, 'a.bpf.c'))}, { cache: ${JSON.stringify(join(folder, 'cache'))}, headers: 'own' });
    process.stdout.write(String(bytes.length));`;
  const sizes = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', chunk => {
        text += chunk;
      });
      const [status] = await once(child, 'close');
      t.equal(status, 0);
      return Number(text);
    }),
  );
  t.ok(sizes[0]! > 500);
  t.equal(new Set(sizes).size, 1);
  t.same(readdirSync(join(folder, 'cache/new')), [], 'nothing half-made is left');
  t.equal(readdirSync(join(folder, 'cache/objects')).length, 1);
});

t.test('the cache forgets what was not used for longest', async t => {
  const folder = folderOf(t);
  withStore(folder, store => {
    for (let i = 0; i < 300; i++) {
      store.add(`key${i}`, output => {
        writeFileSync(output, `object ${i}`);
        return '';
      });
      const path = join(folder, 'objects', `key${i}`);
      utimesSync(path, i, i);
      if (i === 200) store.object('key7');
    }
    t.equal(readdirSync(join(folder, 'objects')).length, 256);
    t.equal(store.object('key0'), undefined);
    t.match(store.object('key299'), { bytes: Buffer.from('object 299'), warnings: '' });
    t.ok(store.object('key7'), 'it was used');
    const large = Buffer.alloc(40 * 2 ** 20);
    for (const name of ['large1', 'large2'])
      store.add(name, output => {
        writeFileSync(output, large);
        return '';
      });
    t.notOk(store.object('large1'));
    t.ok(store.object('large2'));
  });
});

t.test('headers that are not used go', async t => {
  const folder = folderOf(t);
  withStore(folder, store => {
    const paths = Array.from({ length: 12 }, (_, i) => {
      const path = store.header('vmlinux.h', [`btf ${i}`], () => `text ${i}`);
      utimesSync(join(path, '..'), i + 1, i + 1);
      return path;
    });
    t.same(
      paths.map(path => existsSync(path)),
      paths.map((_, i) => i >= 4),
    );
    t.equal(
      store.header('vmlinux.h', ['btf 11'], () => 'never made'),
      paths[11],
    );
  });
});

t.test('a cache folder is the user’s own', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const folder = folderOf(t, { 'a.bpf.c': 'int value = 1;\n' });
  const before = process.env['XDG_CACHE_HOME'];
  t.teardown(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
  });
  const compile = (home: string) => {
    process.env['XDG_CACHE_HOME'] = join(folder, home);
    return compileObject(join(folder, 'a.bpf.c'));
  };
  t.notOk(compile('own').cached);
  t.ok(compile('own').cached);
  t.equal(statSync(join(folder, 'own/rawbpf/compile')).mode & 0o777, 0o700);
  mkdirSync(join(folder, 'shared'));
  chmodSync(join(folder, 'shared'), 0o777);
  t.notOk(compile('shared').cached);
  t.notOk(compile('shared').cached, 'who else can write there could plant an object');
  t.same(readdirSync(join(folder, 'shared')), []);
  writeFileSync(join(folder, 'file'), '');
  t.notOk(compile('file').cached, 'it compiles where there can be no cache');
});
