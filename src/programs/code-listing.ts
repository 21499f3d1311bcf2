import { hostEndian } from '../abi/index.js';
import { type DisasmLine, disassemble, insnSize } from '../insn/index.js';
import { referencesOf, symbolNames } from './code-symbols.js';
import { funcSignature } from './func-signature.js';
import type { CodeLine, ProgramCode } from './program-code.js';

export interface CodeListingOptions {
  /** File, line and column after each line of source. */
  readonly linum?: boolean;
  /** The bytes of each instruction below it. */
  readonly opcodes?: boolean;
}

/** An instruction of a loaded program, and what a listing has above it. */
export interface CodeInsn extends DisasmLine {
  /** 8 bytes, 16 of a `ldimm64`. */
  readonly bytes: Uint8Array;
  /** The signature of the function that begins here, by its BTF. */
  readonly proto: string | undefined;
  /** The line of source that begins here. */
  readonly line: CodeLine | undefined;
}

/** The instructions as the verifier left them: maps by id, helpers, kfuncs and subprograms by name. */
export function xlatedInsns(code: ProgramCode): CodeInsn[] {
  const { xlated, functions, lines, btf } = code;
  const heads = new Map(functions.map(f => [f.index, f.typeId]));
  return disassemble(xlated, hostEndian, { reference: referencesOf(code) }).map(insn => {
    const { index, slots } = insn;
    const head = heads.get(index);
    return {
      ...insn,
      bytes: xlated.subarray(index * insnSize, (index + slots) * insnSize),
      proto: head !== undefined && btf ? funcSignature(btf, head) : undefined,
      line: lines.get(index),
    };
  });
}

/** The instructions as the kernel runs them, under their source lines, as `bpftool prog dump xlated` prints them. */
export function* xlatedListing(code: ProgramCode, options: CodeListingOptions = {}): Generator<string> {
  for (const { index, insn, text, bytes, proto, line } of xlatedInsns(code)) {
    if (proto !== undefined) yield `${proto}:`;
    if (line) yield `; ${sourceText(line, options)}`;
    yield `${String(index).padStart(4)}: (${hex(insn.code)}) ${text}`;
    if (options.opcodes) yield `       ${opcodesText(bytes)}`;
  }
}

/** The machine code of one function of a program. */
export interface JitedFunction {
  /** The function's signature, by its BTF. */
  readonly proto: string | undefined;
  /** The kernel's symbol: `bpf_prog_c4f1e6b2a5d37081_handle`; the address where the kernel hides those. */
  readonly name: string;
  /** 0 where the kernel hides it. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** By the distance in bytes from the function's beginning. */
  readonly lines: ReadonlyMap<number, CodeLine>;
}

/** The machine code that the kernel made of a program, by function. */
export function jitedFunctions({
  jited,
  ksyms,
  lengths,
  jitedLines,
  functions,
  btf,
}: ProgramCode): JitedFunction[] {
  const names = symbolNames(new Set(ksyms));
  // Kernels before 4.18 do not tell one function from the next.
  const sizes = lengths.length > 0 ? lengths : jited.length > 0 ? [jited.length] : [];
  let start = 0;
  return sizes.map((length, i) => {
    const address = ksyms[i] ?? 0n;
    const head = functions[i];
    const lines = new Map<number, CodeLine>();
    for (const [at, line] of jitedLines)
      if (address !== 0n && at >= address && at < address + BigInt(length))
        lines.set(Number(at - address), line);
    start += length;
    return {
      proto: head && btf ? funcSignature(btf, head.typeId) : undefined,
      name: names.get(address) ?? `0x${address.toString(16).padStart(16, '0')}`,
      address,
      bytes: jited.subarray(start - length, start),
      lines,
    };
  });
}

/** The machine code of each function under its source lines: bytes in hex, by their distance from the function's beginning. */
export function* jitedListing(code: ProgramCode, options: CodeListingOptions = {}): Generator<string> {
  for (const { proto, name, bytes, lines } of jitedFunctions(code)) {
    if (proto !== undefined) yield `${proto}:`;
    yield `${name}:`;
    for (let offset = 0; offset < bytes.length; ) {
      const line = lines.get(offset);
      if (line) yield `; ${sourceText(line, options)}`;
      let end = offset + 1;
      while (end < bytes.length && end - offset < 16 && !lines.has(end)) end++;
      yield `${offset.toString(16).padStart(4)}: ${opcodesText(bytes.subarray(offset, end))}`;
      offset = end;
    }
  }
}

/** A line of source as listings show it. */
export function sourceText({ text, file, line, column }: CodeLine, { linum }: CodeListingOptions): string {
  return linum ? `${text} [file:${file} line_num:${line} line_col:${column}]` : text;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** Bytes as they are, in hex. */
export const opcodesText = (bytes: Uint8Array): string => [...bytes].map(hex).join(' ');
