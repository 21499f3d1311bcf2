import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeBtf } from '../src/btf/index.js';
import { fromFiles } from '../src/kernel/vmlinux-btf.js';
import { fixture } from './repository.js';

t.test('where the kernel shows no BTF, the first file with a .BTF section has it', async t => {
  const folder = t.testdir({ 'not-elf': 'text' });
  const object = fixture('test-types');
  t.ok(fromFiles([join(folder, 'absent'), object])?.findByName('int', 'int'));
  t.equal(fromFiles([join(folder, 'absent')]), undefined);
  t.throws(() => fromFiles([join(folder, 'not-elf')]), {
    name: 'FormatError',
    file: join(folder, 'not-elf'),
  });
  writeFileSync(join(folder, 'raw'), encodeBtf([], 'little'));
  t.throws(() => fromFiles([join(folder, 'raw')]), { name: 'FormatError' }, 'a vmlinux is an ELF file');
});
