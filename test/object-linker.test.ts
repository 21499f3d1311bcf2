import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseObject } from '../src/object/index.js';
import { bpftoolLink, btfText, disassembly, elfText, link } from './linked-object.js';
import { needs } from './live.js';
import { repository } from './repository.js';

const tools = ['bpftool', 'readelf', 'llvm-objdump'];
const objects = (folder: string) =>
  readdirSync(join(repository, folder), 'utf8')
    .filter(name => name.endsWith('.bpf.o'))
    .map(name => join(repository, folder, name));

t.test('an object linked alone is what bpftool makes of it', async t => {
  if (!needs(t, { tools })) return;
  for (const path of objects('fixtures')) {
    const [ours, theirs] = [link(t, path), bpftoolLink(t, path)];
    t.same(elfText(ours), elfText(theirs), path);
    t.same(disassembly(ours), disassembly(theirs));
    t.same(btfText(ours), btfText(theirs));
    t.same(lines(ours), lines(path), 'source lines and CO-RE relocations stay where they were');
  }
});

t.test('a big-endian object linked alone keeps its sections, instructions and types', async t => {
  if (!needs(t, { tools })) return;
  const made =
    /^section (\.text: type 1 flags 6 size 0|\.debug_|\.rel\.debug_|\.rel\.BTF|\.llvm_addrsig)|^\.rel\.(debug_|BTF)|SECTION LOCAL.* in \.debug_/;
  for (const path of objects('fixtures/be')) {
    const linked = link(t, path);
    const kept = elfText(path).filter(line => !made.test(line));
    t.same(elfText(linked), kept, path);
    t.same(disassembly(linked), disassembly(path));
    t.same(lines(linked), lines(path));
    const names = (path: string) =>
      btfText(path)
        .filter(line => / (FUNC|VAR|STRUCT|DATASEC) '[^(]/.test(line))
        .map(line => line.split(' ')[2])
        .sort();
    t.same(names(linked), names(path));
  }
});

/** Source lines and CO-RE relocations by function, as our own parser finds them in `.BTF.ext`. */
function lines(path: string): object {
  const { programs, subprogs, btf } = parseObject(readFileSync(path), { file: path });
  return [...programs, ...subprogs].map(f => ({
    name: f.name,
    func: f.funcInfo.map(({ insnOffset, typeId }) => [insnOffset, btf?.type(typeId).name]),
    lines: f.lineInfo.map(({ insnOffset, file, text, line, column }) => [
      insnOffset,
      file,
      text,
      line,
      column,
    ]),
    core: f.coreRelocations.map(({ insnOffset, typeId, access, kind }) => [
      insnOffset,
      btf?.type(typeId).name,
      access,
      kind,
    ]),
  }));
}
