import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BtfMember, BtfStruct, BtfType, BtfTypes } from '../src/btf/index.js';

/** What a C header of a BTF must hold to, one `_Static_assert` each: sizes, offsets of members, values of enumerators. Names that occur twice are left out. */
export function layoutAssertions(btf: BtfTypes): string[] {
  const tags = new Map<string, number>();
  const identifiers = new Map<string, number>();
  const count = (names: Map<string, number>, name: string): unknown =>
    names.set(name, (names.get(name) ?? 0) + 1);
  const types = Array.from({ length: btf.endId - 1 }, (_, i) => btf.type(i + 1));
  for (const type of types) {
    if (type.kind === 'struct' || type.kind === 'union' || 'values' in type) count(tags, type.name);
    if ('values' in type) for (const { name } of type.values) count(identifiers, name);
    if (type.kind === 'typedef') count(identifiers, type.name);
  }
  return types.flatMap(type => {
    if ('values' in type) {
      const values = type.values
        .filter(v => identifiers.get(v.name) === 1 && v.value !== -(1n << 63n))
        .map(v => same(v.name, `${v.value}${v.value < 0 ? 'LL' : 'ULL'}`));
      return type.name && type.values.length && tags.get(type.name) === 1
        ? [same(`sizeof(enum ${type.name})`, type.size), ...values]
        : values;
    }
    if (type.kind === 'typedef') return typedefSize(btf, type, identifiers);
    if (
      (type.kind !== 'struct' && type.kind !== 'union') ||
      !/^\w+$/.test(type.name) ||
      /___\d+$/.test(type.name) ||
      tags.get(type.name) !== 1
    )
      return [];
    // clang's va_list for BPF is a pointer, whatever the kernel's was.
    if (type.members.some(m => isVaList(btf, m.type))) return [];
    const name = `${type.kind} ${type.name}`;
    return [
      same(`sizeof(${name})`, type.size),
      ...[...members(btf, type)]
        .filter(m => m.bitSize === 0)
        .map(m => same(`__builtin_offsetof(${name}, ${m.path})`, m.bitOffset / 8)),
    ];
  });
}

function same(expression: string, value: number | string): string {
  return `_Static_assert(${expression} == ${value}, "");`;
}

function typedefSize(btf: BtfTypes, type: BtfType, identifiers: ReadonlyMap<string, number>): string[] {
  // Every compiler has its own.
  if (identifiers.get(type.name) !== 1 || /va_list$/.test(type.name)) return [];
  const { kind } = btf.resolved(type.id);
  if (kind === 'void' || kind === 'fwd' || kind === 'func_proto') return [];
  const size = btf.sizeOf(type.id);
  return size > 0 || kind !== 'array' ? [same(`sizeof(${type.name})`, size)] : [];
}

export interface PlacedMember {
  readonly path: string;
  readonly bitOffset: number;
  readonly bitSize: number;
}

/** The members of a struct that C can reach by name, those of its anonymous types among them. */
export function* members(
  btf: BtfTypes,
  type: BtfStruct,
  path = '',
  base = 0,
): Generator<PlacedMember, void, undefined> {
  for (const member of type.members) {
    const of = memberStruct(btf, member);
    const name = path && member.name ? `${path}.${member.name}` : path || member.name;
    const bitOffset = base + member.bitOffset;
    if (member.name) yield { path: name, bitOffset, bitSize: member.bitSize };
    if (of && (!member.name || !of.name)) yield* members(btf, of, name, bitOffset);
  }
}

function memberStruct(btf: BtfTypes, { type }: BtfMember): BtfStruct | undefined {
  const of = btf.resolved(type);
  return of.kind === 'struct' || of.kind === 'union' ? of : undefined;
}

function isVaList(btf: BtfTypes, id: number): boolean {
  const type = btf.type(id);
  return type.kind === 'typedef' && (type.name.endsWith('va_list') || isVaList(btf, type.type));
}

/** A folder for a test's C files. */
export class CFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'rawbpf-c-'));

  write(name: string, text: string): string {
    const file = join(this.path, name);
    writeFileSync(file, text);
    return file;
  }

  /** Compiles and returns the line numbers with errors, with what was said about the first. */
  errors(command: readonly string[], file: string): { lines: number[]; first: string } {
    const [tool, ...options] = command;
    const { stderr, status } = spawnSync(tool as string, [...options, '-w', '-c', file, '-o', `${file}.o`], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const errors = stderr.split('\n').filter(line => line.includes('error:'));
    if (status !== 0 && errors.length === 0) throw new Error(`${tool}: ${stderr}`);
    return {
      lines: errors.map(line => (line.startsWith(file) ? Number(line.split(':')[1]) : 0)),
      first: errors[0] ?? '',
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
