/**
 * Writes src/abi/*.gen.ts from the BTF of a kernel, or holds them against one.
 *
 *   node dist/scripts/gen-abi.js BTF RELEASE      writes; BTF is raw, or a vmlinux with a .BTF section
 *   node dist/scripts/gen-abi.js --check [BTF…]   compares; default /sys/kernel/btf/vmlinux
 *
 * A kernel older than the one recorded must agree in everything that both know; one newer may have more, which is listed. Any number that
 * differs is a contradiction: exit status 1.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Btf } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { type AbiModel, abiModel, facts } from './abi/model.js';
import { generatedFiles, recordedRelease } from './abi/print.js';

/** From dist/scripts, where this runs. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'src/abi');

function readModel(path: string): AbiModel {
  const bytes = readFileSync(path);
  const isElf = bytes.subarray(0, 4).toString('latin1') === '\x7fELF';
  const btf = isElf ? parseElf(bytes, path).section('.BTF')?.data : bytes;
  if (!btf) throw new Error(`${path}: no .BTF section`);
  return abiModel(Btf.parse(btf.slice(), { file: path }));
}

function write(path: string, release: string): void {
  for (const [name, text] of generatedFiles(readModel(path), release))
    writeFileSync(join(folder, name), text);
}

/** What the generated files say, read back through their own text, so that what is compared is what is committed. */
async function recordedFacts(): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  const abi: Record<string, unknown> = await import('../src/abi/index.js');
  const { Struct } = abi as { Struct: new (...args: never[]) => object };
  const addStruct = (value: unknown): void => {
    const { name, fields } = value as {
      name: string;
      fields: { name: string; offset: number; size: number; kind: string }[];
    };
    for (const field of fields)
      all.set(`${name}.${field.name}`, `${field.offset}+${field.kind === 'struct' ? 'struct' : field.size}`);
  };
  for (const [name, value] of Object.entries(abi)) {
    if (value instanceof Struct) addStruct(value);
    else if (name === 'bpfAttr') for (const list of Object.values(value as object)) list.forEach(addStruct);
    else if (Array.isArray(value)) value.forEach(addStruct);
    else if (name.endsWith('Bits')) {
      const struct = name.slice(0, -4).replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
      for (const [bit, [offset, width]] of Object.entries(value as object))
        all.set(`${struct}.${bit}`, `bit ${offset}:${width}`);
    } else if (typeof value === 'object' && value !== null)
      for (const [key, number] of Object.entries(value)) all.set(`enum ${name}.${key}`, String(number));
  }
  return all;
}

/** True when the kernel contradicts nothing. */
function check(path: string, recorded: ReadonlyMap<string, string>): boolean {
  const kernel = facts(readModel(path));
  const different = [...kernel].filter(([key, value]) => recorded.has(key) && recorded.get(key) !== value);
  const unknown = [...kernel.keys()].filter(key => !recorded.has(key));
  console.log(`${path}: ${kernel.size - different.length - unknown.length} facts agree`);
  for (const [key, value] of different)
    console.log(`  contradiction: ${key} is ${value}, src/abi says ${recorded.get(key)}`);
  if (unknown.length) console.log(`  not in src/abi (newer, or gone since): ${unknown.join(', ')}`);
  return different.length === 0;
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--check') {
  const recorded = await recordedFacts();
  const release = recordedRelease(readFileSync(join(folder, 'attr.gen.ts'), 'utf8'));
  console.log(`src/abi: ${recorded.size} facts from Linux ${release}`);
  const agreed = (rest.length ? rest : ['/sys/kernel/btf/vmlinux']).map(path => check(path, recorded));
  process.exitCode = agreed.every(Boolean) ? 0 : 1;
} else if (first && rest[0]) write(first, rest[0]);
else {
  console.error('usage: gen-abi BTF RELEASE | gen-abi --check [BTF…]');
  process.exitCode = 2;
}
