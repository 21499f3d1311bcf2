import { run } from './live.js';

const typeNumbers: Record<string, number> = {
  NULL: 0,
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  RELA: 4,
  HASH: 5,
  DYNAMIC: 6,
  NOTE: 7,
  NOBITS: 8,
  REL: 9,
  DYNSYM: 11,
  INIT_ARRAY: 14,
  FINI_ARRAY: 15,
  GROUP: 17,
  GNU_HASH: 0x6ffffff6,
  VERNEED: 0x6ffffffe,
  VERSYM: 0x6fffffff,
  X86_64_UNWIND: 0x70000001,
};
const flagLetters: Record<string, number> = {
  W: 0x1,
  A: 0x2,
  X: 0x4,
  M: 0x10,
  S: 0x20,
  I: 0x40,
  L: 0x80,
  G: 0x200,
  T: 0x400,
  R: 0x200000,
  E: 0x80000000,
};

function typeNumber(word: string): number {
  const [, base, offset] = /^(LOOS|LOPROC)\+0x([0-9a-f]+)$/.exec(word) ?? [];
  if (offset !== undefined) return (base === 'LOOS' ? 0x60000000 : 0x70000000) + Number.parseInt(offset, 16);
  const number = typeNumbers[word];
  if (number === undefined) throw new Error(`a section type that this test does not know: ${word}`);
  return number;
}

/** What `readelf -SW` prints, as rows. */
export function readelfSections(path: string): object[] {
  const row =
    /^\s*\[\s*(\d+)\] (.*?)\s+([A-Z0-9_]+(?:\+0x[0-9a-f]+)?)\s+([0-9a-f]{16}) ([0-9a-f]{6,}) ([0-9a-f]{6,}) ([0-9a-f]{2,})\s+([A-Za-z]*)\s+(\d+)\s+(\d+)\s+(\d+)\s*$/;
  return run('readelf', '-SW', path)
    .split('\n')
    .flatMap(line => {
      const m = row.exec(line);
      if (!m) return [];
      const [, index, name, type, addr, offset, size, entsize, flags, link, info, addralign] =
        m as unknown as string[];
      return {
        index: Number(index),
        name,
        type: typeNumber(type ?? ''),
        addr: BigInt(`0x${addr}`),
        offset: Number.parseInt(offset ?? '', 16),
        size: Number.parseInt(size ?? '', 16),
        entsize: Number.parseInt(entsize ?? '', 16),
        flags: [...(flags ?? '')].reduce((sum, letter) => sum + (flagLetters[letter] ?? Number.NaN), 0),
        link: Number(link),
        info: Number(info),
        addralign: Number(addralign),
      };
    });
}

/** `readelf -sW`, each symbol as `value size TYPE BIND VIS ndx name`. */
export function readelfSymbols(path: string): string[] {
  const symtab = run('readelf', '-sW', path).split("Symbol table '.symtab'")[1] ?? '';
  return [
    ...symtab.matchAll(/^\s*\d+: ([0-9a-f]{16})\s+(\S+) (\S+)\s+(\S+)\s+(\S+)\s+(\S+)(?: (.*?))?\s*$/gm),
  ].map(([, value, size, type, bind, vis, ndx, name]) =>
    [Number.parseInt(value ?? '', 16), Number(size), type, bind, vis, ndx, name ?? ''].join(' '),
  );
}

/** `readelf -rW`, each relocation as `table: offset type symbol-index addend-if-any`. */
export function readelfRelocations(path: string): string[] {
  const out: string[] = [];
  let table = '';
  for (const line of run('readelf', '-rW', path).split('\n')) {
    table = /^Relocation section '(.*)' at/.exec(line)?.[1] ?? table;
    // With an addend, `value name + addend`, or for the symbol 0 the addend alone.
    const m =
      /^([0-9a-f]{16})\s+([0-9a-f]{8})([0-9a-f]{8}) \S+(?:\s+[0-9a-f]{16}\s+.*? ([+-]) ([0-9a-f]+)|\s+([0-9a-f]{1,15})$)?/.exec(
        line,
      );
    if (!m) continue;
    const [, offset, symbol, type, sign, distance, alone] = m;
    const addend = distance ?? alone;
    const parts = [offset, type, symbol].map(x => Number.parseInt(x ?? '', 16));
    out.push(
      `${table}: ${parts.join(' ')}${addend ? ` ${BigInt(`0x${addend}`) * (sign === '-' ? -1n : 1n)}` : ''}`,
    );
  }
  return out;
}
