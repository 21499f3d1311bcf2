import { hostEndian } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  decodeInsn,
  disassemble,
  insnSize,
  isLdimm64,
} from '../insn/index.js';
import { kernelFunctions } from '../kernel/index.js';
import type { CodeLine, ProgramCode } from './program-code.js';

export interface CodeListingOptions {
  /** File, line and column after each line of source. */
  readonly linum?: boolean;
  /** The bytes of each instruction below it. */
  readonly opcodes?: boolean;
}

/** The instructions as the kernel runs them, under their source lines, in the words of `bpftool prog dump xlated`. */
export function* xlatedListing(code: ProgramCode, options: CodeListingOptions = {}): Generator<string> {
  const { xlated, functions, lines, btf } = code;
  const heads = new Map(functions.map(f => [f.index, f.typeId]));
  const reference = referencesOf(code);
  for (const { index, slots, insn, text } of disassemble(xlated, hostEndian, { reference })) {
    const head = heads.get(index);
    if (head !== undefined && btf) yield `${functionText(btf, head)}:`;
    const line = lines.get(index);
    if (line) yield sourceText(line, options);
    yield `${String(index).padStart(4)}: (${hex(insn.code)}) ${text}`;
    if (options.opcodes)
      yield `       ${bytesText(xlated.subarray(index * insnSize, (index + slots) * insnSize))}`;
  }
}

/** The machine code of each function under its source lines: bytes in hex, by their distance from the function's beginning. */
export function* jitedListing(code: ProgramCode, options: CodeListingOptions = {}): Generator<string> {
  const { jited, ksyms, lengths, jitedLines, functions, btf } = code;
  const names = symbolNames(new Set(ksyms));
  let start = 0;
  for (const [i, length] of lengths.entries()) {
    const address = ksyms[i] ?? 0n;
    const head = functions[i];
    if (head && btf) yield `${functionText(btf, head.typeId)}:`;
    yield `${names.get(address) ?? `0x${address.toString(16)}`}:`;
    const bytes = jited.subarray(start, start + length);
    const lineAt = (offset: number) =>
      address === 0n ? undefined : jitedLines.get(address + BigInt(offset));
    for (let offset = 0; offset < bytes.length; ) {
      const line = lineAt(offset);
      if (line) yield sourceText(line, options);
      let end = offset + 1;
      while (end < bytes.length && end - offset < 16 && !lineAt(end)) end++;
      yield `${offset.toString(16).padStart(4)}: ${bytesText(bytes.subarray(offset, end))}`;
      offset = end;
    }
    start += length;
  }
}

function sourceText({ text, file, line, column }: CodeLine, { linum }: CodeListingOptions): string {
  return linum ? `; ${text} [file:${file} line_num:${line} line_col:${column}]` : `; ${text}`;
}

/** What instructions refer to by what the kernel put into them: ids of maps, distances of helpers from __bpf_call_base. */
function referencesOf({ xlated, ksyms }: ProgramCode): (index: number) => string | undefined {
  const base = callBase();
  const insnAt = (index: number) => decodeInsn(xlated, index, hostEndian);
  const addresses = new Map<number, bigint>();
  for (let index = 0; index < xlated.length / insnSize; index++) {
    const insn = insnAt(index);
    if (isLdimm64(insn)) index++;
    else if (insn.code === (BPF_JMP | BPF_CALL)) {
      const address =
        insn.src === BPF_PSEUDO_CALL ? ksyms[insn.imm] : base === undefined ? 0n : base + BigInt(insn.imm);
      if (address) addresses.set(index, address);
    }
  }
  const names = symbolNames(new Set(addresses.values()));
  return index => {
    const insn = insnAt(index);
    if (isLdimm64(insn)) {
      if (insn.src === BPF_PSEUDO_MAP_FD) return `map[id:${insn.imm >>> 0}]`;
      if (insn.src === BPF_PSEUDO_MAP_VALUE)
        return `map[id:${insn.imm >>> 0}][0]+${insnAt(index + 1).imm >>> 0}`;
      return undefined;
    }
    const name = names.get(addresses.get(index) ?? 0n);
    if (name === undefined) return undefined;
    return insn.src === BPF_PSEUDO_CALL
      ? `pc${insn.off < 0 ? '' : '+'}${insn.off}#${name}`
      : `${name}#${insn.imm}`;
  };
}

let knownCallBase: bigint | undefined;

/** What the numbers of helpers in a loaded program count from; the same for as long as the kernel runs. */
function callBase(): bigint | undefined {
  if (knownCallBase !== undefined) return knownCallBase;
  for (const { address } of kernelFunctions(name => name === '__bpf_call_base'))
    if (address !== 0n) {
      knownCallBase = address;
      break;
    }
  return knownCallBase;
}

/** The first symbol at each address. */
function symbolNames(addresses: ReadonlySet<bigint>): Map<bigint, string> {
  const names = new Map<bigint, string>();
  if (addresses.size === 0) return names;
  for (const { name, address } of kernelFunctions())
    if (address !== 0n && addresses.has(address) && !names.has(address)) names.set(address, name);
  return names;
}

/** `int handle(void * ctx)`, spaced as bpftool does. */
function functionText(btf: BtfTypes, id: number): string {
  const func = btf.type(id);
  const proto = func.kind === 'func' ? btf.type(func.type) : undefined;
  if (proto?.kind !== 'func_proto') return func.name;
  const params = proto.params.map(({ name, type }) => (type === 0 ? '...' : `${typeText(btf, type)}${name}`));
  return `${typeText(btf, proto.type)}${func.name}(${params.join(', ')})`;
}

function typeText(btf: BtfTypes, id: number): string {
  if (id === 0) return 'void ';
  const type = btf.type(id);
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${type.kind} ${type.name} `;
    case 'enum':
    case 'enum64':
      return `enum ${type.name} `;
    case 'fwd':
      return `struct ${type.name} `;
    case 'ptr':
      return `${typeText(btf, type.type)}* `;
    case 'const':
    case 'volatile':
    case 'restrict':
      return `${type.kind} ${typeText(btf, type.type)}`;
    default:
      return `${type.name} `;
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const bytesText = (bytes: Uint8Array): string => [...bytes].map(hex).join(' ');
