import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseElf, SHF_EXECINSTR } from '../src/elf/index.js';
import { disassemble } from '../src/insn/index.js';
import { needs, run } from './live.js';
import { repository } from './repository.js';

/** LLVM's text in the kernel's words, for the instructions where the two say the same. */
function fromLlvm(text: string): string {
  return text
    .replace(/\b([rw]\d+) ([+-]) (\d+)\)/g, '$1 $2$3)')
    .replace(/ ll$/, '')
    .replace(
      /^(if .* )(-?\d+)( goto)/,
      (_, before, imm, after) => `${before}0x${(Number(imm) >>> 0).toString(16)}${after}`,
    )
    .replace(/goto ([+-]\d+)(?: <.*>)?$/, 'goto pc$1')
    .replace(/^call (-?\d+)(?: <.*>)?$/, 'call $1')
    .replace(/^(r\d+ = )(-?\d+)$/, '$1$2');
}

/** Ours, without the names that LLVM does not have. */
function bare(text: string): string {
  return text
    .replace(/^call \S+#(-?\d+)$/, 'call $1')
    .replace(/^call pc([+-]\d+)$/, (_, offset) => `call ${Number(offset)}`);
}

for (const folder of ['fixtures', 'fixtures/be'])
  for (const name of readdirSync(join(repository, folder)).filter(name => name.endsWith('.o')))
    t.test(`${folder}/${name} disassembles as llvm-objdump does`, async t => {
      if (!needs(t, { tools: ['llvm-objdump'] })) return;
      const path = join(repository, folder, name);
      const elf = parseElf(readFileSync(path), path);
      for (const section of elf.sections.filter(s => s.flags & SHF_EXECINSTR && s.size > 0)) {
        const dump = run('llvm-objdump', '-d', '--mcpu=v3', `--section=${section.name}`, path);
        const theirs = [...dump.matchAll(/^\s*(\d+):\t((?:[0-9a-f]{2} ?)+)\t(.*)$/gm)].map(m => ({
          index: Number(m[1]),
          slots: m[2]!.split(' ').length / 8,
          text: fromLlvm(m[3]!),
        }));
        const ours = disassemble(section.data, elf.endian).map(({ index, slots, text }) => ({
          index,
          slots,
          text: bare(text),
        }));
        t.ok(ours.length > 0);
        const immediate = (line: { slots: number; text: string }) =>
          // LLVM writes the 64-bit immediate in decimal, and for a relocated one only half of it.
          line.slots === 2 ? { ...line, text: line.text.replace(/ = .*/, '') } : line;
        // Instructions newer than this LLVM, which a fixture has as bytes.
        const unknown = new Set(theirs.filter(line => line.text === '<unknown>').map(line => line.index));
        const known = (line: { index: number }) => !unknown.has(line.index);
        t.same(ours.filter(known).map(immediate), theirs.filter(known).map(immediate), section.name);
      }
    });
