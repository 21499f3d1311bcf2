import type { CodeInsn, CodeLine, CodeListingOptions, JitedFunction } from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';
import { disassembleMachineCode } from './objdump.js';

/** Instructions as `bpftool -j prog dump xlated` has them. */
export function xlatedRecords(insns: readonly CodeInsn[], options: CodeListingOptions): unknown[] {
  return insns.map(({ insn, text, bytes, proto, line }) => ({
    proto,
    ...sourceRecord(line, options),
    disasm: `(${byteText(insn.code)}) ${text}`,
    opcodes: options.opcodes
      ? {
          code: `0x${byteText(insn.code)}`,
          src_reg: `0x${insn.src.toString(16)}`,
          dst_reg: `0x${insn.dst.toString(16)}`,
          off: bytesOf(bytes.subarray(2, 4)),
          imm: bytesOf(bytes.subarray(4)),
        }
      : undefined,
  }));
}

/** Machine code as `bpftool -j prog dump jited` has it. Throws Refusal where there is no objdump to tell its instructions apart. */
export function jitedRecords(functions: readonly JitedFunction[], options: CodeListingOptions): unknown[] {
  return functions.map(({ proto, name, bytes, address, lines }) => {
    const insns = disassembleMachineCode(bytes, address);
    if (!insns) throw new Refusal('dump jited --json takes objdump: install binutils');
    return {
      proto,
      name,
      insns: insns.map(({ pc, text, bytes }) => ({
        ...sourceRecord(lines.get(pc), options),
        pc: `0x${pc.toString(16)}`,
        ...operation(text),
        opcodes: options.opcodes ? bytesOf(bytes) : undefined,
      })),
    };
  });
}

/** A line or column that the compiler did not name is left out. */
function sourceRecord(line: CodeLine | undefined, { linum }: CodeListingOptions): Record<string, unknown> {
  if (!line) return {};
  if (!linum) return { src: line.text };
  const { text, file } = line;
  return { src: text, file, line_num: line.line || undefined, line_col: line.column || undefined };
}

/** `mov    %rsp,%rbp`: its operands are apart at the commas outside of parentheses. */
function operation(text: string): { operation: string; operands: (string | null)[] } {
  const [, operation = text, rest = ''] = /^(\S+)\s+(.*)$/.exec(text) ?? [];
  const operands = rest.match(/(?:\([^)]*\)|[^,(])+/g);
  return { operation, operands: operands?.map(operand => operand.trim()) ?? [null] };
}

const byteText = (byte: number): string => byte.toString(16).padStart(2, '0');
const bytesOf = (bytes: Uint8Array): string[] => [...bytes].map(byte => `0x${byteText(byte)}`);
