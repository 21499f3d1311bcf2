import { Btf, type BtfType, encodeBtf } from '../src/btf/index.js';
import { encodeInsn, type Insn } from '../src/insn/index.js';
import { type BuiltSection, type BuiltSymbol, buildElf, relocations } from './build-elf.js';

/** How many of each an object is to have. */
export interface ObjectSize {
  /** Programs, each in a section of its own. */
  readonly programs?: number;
  /** References of each program to maps. */
  readonly references?: number;
  /** Functions of .text: the first program calls the first one, each the next. */
  readonly subprogs?: number;
  readonly maps?: number;
  /** Variables of .data. */
  readonly globals?: number;
}

const [progbits, relType] = [1, 9];
const [alloc, write, exec] = [2, 1, 4];
const [globalObject, globalFunc, localFunc] = [0x11, 0x12, 0x02];
const exit: Insn = { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 };
const callNext: Insn = { code: 0x85, dst: 0, src: 1, off: 0, imm: -1 };
const loadMap: Insn = { code: 0x18, dst: 1, src: 0, off: 0, imm: 0 };
const second: Insn = { code: 0, dst: 0, src: 0, off: 0, imm: 0 };
const mapBytes = 32;

/** Builds an object with BTF and `.BTF.ext`, as a compiler would, of any size. */
export function buildObject({
  programs = 1,
  references = 0,
  subprogs = 0,
  maps = 1,
  globals = 0,
}: ObjectSize): Uint8Array {
  const sections: BuiltSection[] = [];
  const symbols: BuiltSymbol[] = [];
  const subprogName = (i: number): string => `sub${i}`;
  for (let i = 0; i < subprogs; i++)
    symbols.push({
      name: subprogName(i),
      info: i % 2 ? localFunc : globalFunc,
      section: '.text',
      value: i * 16,
      size: 16,
    });
  symbols.sort((a, b) => a.info - b.info);
  for (let i = 0; i < maps; i++)
    symbols.push({
      name: `map${i}`,
      info: globalObject,
      section: '.maps',
      value: i * mapBytes,
      size: mapBytes,
    });
  for (let i = 0; i < globals; i++)
    symbols.push({ name: `var${i}`, info: globalObject, section: '.data', value: i * 8, size: 8 });
  const numbers = new Map(symbols.map(({ name }, index) => [name, index + 1]));

  const text = insns(
    Array.from({ length: subprogs }, (_, i) => (i + 1 < subprogs ? [callNext, exit] : [exit, exit])).flat(),
  );
  if (subprogs > 0) {
    sections.push({ name: '.text', type: progbits, flags: alloc | exec, data: text });
    const calls = Array.from({ length: subprogs - 1 }, (_, i) => ({
      offset: i * 16,
      symbol: numbers.get(subprogName(i + 1)) ?? 0,
      type: 10,
    }));
    sections.push({ name: '.rel.text', type: relType, data: relocations(calls), info: '.text', entsize: 16 });
  }
  const entry = (i: number): string => `tp/generated/event${i}`;
  for (let i = 0; i < programs; i++) {
    const calls = i === 0 && subprogs > 0 ? [callNext] : [];
    const code = insns([
      ...calls,
      ...Array.from({ length: references }, () => [loadMap, second]).flat(),
      exit,
    ]);
    sections.push({ name: entry(i), type: progbits, flags: alloc | exec, data: code });
    const records = [
      ...calls.map(() => ({ offset: 0, symbol: numbers.get(subprogName(0)) ?? 0, type: 10 })),
      ...Array.from({ length: references }, (_, k) => ({
        offset: calls.length * 8 + k * 16,
        symbol: numbers.get(`map${(i + k) % maps}`) ?? 0,
        type: 1,
      })),
    ];
    sections.push({
      name: `.rel${entry(i)}`,
      type: relType,
      data: relocations(records),
      info: entry(i),
      entsize: 16,
    });
    symbols.push({ name: `prog${i}`, info: globalFunc, section: entry(i), value: 0, size: code.length });
  }
  if (maps > 0)
    sections.push({
      name: '.maps',
      type: progbits,
      flags: alloc | write,
      data: new Uint8Array(maps * mapBytes),
    });
  if (globals > 0)
    sections.push({ name: '.data', type: progbits, flags: alloc | write, data: new Uint8Array(globals * 8) });

  const places = [
    ...(subprogs > 0
      ? [{ section: '.text', offsets: Array.from({ length: subprogs }, (_, i) => i * 16) }]
      : []),
    ...Array.from({ length: programs }, (_, i) => ({ section: entry(i), offsets: [0] })),
  ];
  const named = types(maps, globals);
  const firstName = named.length + 1;
  // Names of sections for .BTF.ext: a typedef each puts them into the strings.
  for (const { section } of places) named.push({ kind: 'typedef', id: 0, name: section, type: 1 });
  const blob = encodeBtf(named, 'little');
  const btf = Btf.parse(blob);
  const nameOffset = (i: number): number => btf.words[btf.wordIndex(firstName + i)] ?? 0;
  const tables = places.map(({ offsets }, i) => ({ name: nameOffset(i), offsets }));
  sections.push({ name: '.BTF', type: progbits, data: blob });
  sections.push({
    name: '.BTF.ext',
    type: progbits,
    data: btfExt(tables, firstVar + maps + globals, nameOffset(0)),
  });
  return buildElf(sections, symbols);
}

/** func_info and line_info: one record of each for every function. */
function btfExt(
  sections: readonly { readonly name: number; readonly offsets: readonly number[] }[],
  func: number,
  file: number,
): Uint8Array {
  const table = (size: number, record: (offset: number) => number[]): number[] => [
    size,
    ...sections.flatMap(({ name, offsets }) => [name, offsets.length, ...offsets.flatMap(record)]),
  ];
  const funcInfo = table(8, offset => [offset, func]);
  const lineInfo = table(16, offset => [offset, file, file, 1 << 10]);
  const [funcBytes, lineBytes] = [funcInfo.length * 4, lineInfo.length * 4];
  const words = [0x0001eb9f, 24, 0, funcBytes, funcBytes, lineBytes, ...funcInfo, ...lineInfo];
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  return bytes;
}

function insns(list: readonly Insn[]): Uint8Array {
  const bytes = new Uint8Array(list.length * 8);
  for (const [i, insn] of list.entries()) bytes.set(encodeInsn(insn, 'little'), i * 8);
  return bytes;
}

/** Type id of the first variable. */
const firstVar = 8;

/** int, long, what a map of ints is defined by, the variables, and the function that every function is said to be. */
function types(maps: number, globals: number): BtfType[] {
  const int = {
    kind: 'int',
    id: 0,
    size: 4,
    bits: 32,
    offset: 0,
    signed: true,
    char: false,
    bool: false,
  } as const;
  const member = (name: string, type: number, index: number) => ({
    name,
    type,
    bitOffset: index * 64,
    bitSize: 0,
  });
  const variable = (name: string, type: number): BtfType => ({
    kind: 'var',
    id: 0,
    name,
    type,
    linkage: 'global',
  });
  const list: BtfType[] = [
    { ...int, name: 'int' },
    { ...int, name: 'long', size: 8, bits: 64 },
    { kind: 'array', id: 0, name: '', type: 1, indexType: 1, nelems: 1 },
    { kind: 'ptr', id: 0, name: '', type: 3 },
    { kind: 'ptr', id: 0, name: '', type: 1 },
    {
      kind: 'struct',
      id: 0,
      name: '',
      size: mapBytes,
      kindFlag: false,
      members: [
        member('type', 4, 0),
        member('max_entries', 4, 1),
        member('key', 5, 2),
        member('value', 5, 3),
      ],
    },
    { kind: 'func_proto', id: 0, name: '', type: 1, params: [] },
  ];
  for (let i = 0; i < maps; i++) list.push(variable(`map${i}`, 6));
  for (let i = 0; i < globals; i++) list.push(variable(`var${i}`, 2));
  list.push({ kind: 'func', id: 0, name: 'function', type: 7, linkage: 'global' });
  const datasec = (name: string, first: number, count: number, size: number): BtfType => ({
    kind: 'datasec',
    id: 0,
    name,
    size: 0,
    vars: Array.from({ length: count }, (_, i) => ({ type: first + i, offset: 0, size })),
  });
  if (maps > 0) list.push(datasec('.maps', firstVar, maps, mapBytes));
  if (globals > 0) list.push(datasec('.data', firstVar + maps, globals, 8));
  return list;
}
