import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { linkObjects } from '../src/object/index.js';
import { run } from './live.js';
import { readelfRelocations, readelfSections, readelfSymbols } from './readelf.js';

/** Links objects in a folder of the test's own; returns the path of the result. */
export function link(t: Test, ...objects: string[]): string {
  const path = outputPath(t);
  const files = objects.map(file => ({ file, bytes: readFileSync(file) }));
  writeFileSync(path, linkObjects(files).bytes);
  return path;
}

/** The same by `bpftool gen object`. */
export function bpftoolLink(t: Test, ...objects: string[]): string {
  const path = outputPath(t);
  run('bpftool', 'gen', 'object', path, ...objects);
  return path;
}

function outputPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-linked-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'linked.bpf.o');
}

/** What readelf says of an object, but for the order of sections and symbols and the sections that are made anew. */
export function elfText(path: string): string[] {
  const names = new Map<string, string>();
  const sections = (readelfSections(path) as Section[]).flatMap(section => {
    const { index, name, type, flags, size, addralign, entsize } = section;
    names.set(String(index), name);
    if (['', '.strtab', '.symtab', '.BTF', '.BTF.ext'].includes(name)) return [];
    return [
      `section ${name}: type ${type} flags ${flags} size ${size} align ${addralign} entsize ${entsize}`,
    ];
  });
  const symbols = readelfSymbols(path).map(text => {
    const [value, size, type, bind, visibility, ndx, name] = text.split(' ');
    return `symbol ${name}: ${type} ${bind} ${visibility} ${value}+${size} in ${names.get(ndx ?? '') || ndx}`;
  });
  const relocations = readelfRelocations(path).map(text => {
    const [table, offset, type, symbol] = text.split(' ');
    return `${table} ${offset} ${type} against ${symbols[Number(symbol)]}`;
  });
  return [...sections, ...symbols, ...relocations].sort();
}

interface Section {
  index: number;
  name: string;
  type: number;
  flags: number;
  size: number;
  addralign: number;
  entsize: number;
}

/** The instructions of all code sections, as llvm-objdump decodes them. */
export function disassembly(path: string): string[] {
  return run('llvm-objdump', '-d', '-r', path)
    .split('\n')
    .filter(line => /^Disassembly|^\s+[0-9a-f]+:/.test(line))
    .map(line => line.replace(/ <.*>$/, ''));
}

/** What bpftool says of the BTF of an object, the variables of a section by their place. */
export function btfText(path: string): string[] {
  const types: string[][] = [];
  for (const line of run('bpftool', 'btf', 'dump', 'file', path).split('\n')) {
    if (line.startsWith('[')) types.push([]);
    if (line !== '') types.at(-1)?.push(line);
  }
  return types.flatMap(([head = '', ...rest]) => [
    head,
    ...(head.includes(' DATASEC ') ? rest.sort((a, b) => place(a) - place(b)) : rest),
  ]);
}

function place(secinfo: string): number {
  return Number(/offset=(\d+)/.exec(secinfo)?.[1]);
}
