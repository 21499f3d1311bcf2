import { hostEndian } from '../../abi/index.js';
import type { AttrView } from './attr-view.js';
import { address, hex } from './quote.js';

const insnSize = 8;
/** BPF_MAXINSNS of include/uapi/linux/bpf_common.h. */
const mostInsns = 4096;

const classes = 'LD LDX ST STX ALU JMP JMP32 ALU64'.split(' ');
const sizes = 'W H B DW'.split(' ');
const modes = ['IMM', 'ABS', 'IND', 'MEM', undefined, undefined, 'XADD'];
const aluOps = 'ADD SUB MUL DIV OR AND LSH RSH NEG MOD XOR MOV ARSH END'.split(' ');
const jumpOps = 'JA JEQ JGT JGE JSET JNE JSGT JSGE CALL EXIT JLT JLE JSLT JSLE'.split(' ');

/** The instructions at a pointer: all of them when asked for (`strace -v`), else the address, or in a plan how many. */
export function insnsText(view: AttrView, field: string, countField: string): string {
  const pointer = view.value(field);
  const count = Number(view.value(countField));
  const memory = view.memoryAt(pointer);
  if (!memory) return address(pointer);
  if (!view.options.verbose) return view.symbols ? `<${count} insns>` : address(pointer);
  const shown = Math.min(count, mostInsns, Math.floor(memory.before.length / insnSize));
  const insns = Array.from({ length: shown }, (_, slot) =>
    insnText(memory.before.subarray(slot * insnSize, (slot + 1) * insnSize), view.symbols?.insnFds.get(slot)),
  );
  return `[${[...insns, ...(count > shown ? ['...'] : [])].join(', ')}]`;
}

function insnText(bytes: Uint8Array, fd: string | undefined): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, insnSize);
  const little = hostEndian === 'little';
  const [low, high] = [view.getUint8(1) & 15, view.getUint8(1) >> 4];
  const [dst, src] = little ? [low, high] : [high, low];
  const imm = fd ?? hex(view.getUint32(4, little));
  return `{code=${codeText(view.getUint8(0))}, dst_reg=${register(dst)}, src_reg=${register(src)}, off=${view.getInt16(2, little)}, imm=${imm}}`;
}

function register(number: number): string {
  return number <= 10 ? `BPF_REG_${number}` : `${hex(number)} /* BPF_REG_??? */`;
}

function codeText(code: number): string {
  const kind = classes[code & 7]!;
  const name = (names: readonly (string | undefined)[], index: number, bits: number): string =>
    names[index] ? `BPF_${names[index]}` : `${hex(bits)} /* BPF_??? */`;
  // strace 6.1 does not know that class JMP32 has operations.
  if (kind === 'JMP32') return code & ~7 ? `BPF_JMP32|${hex(code & ~7)} /* BPF_??? */` : 'BPF_JMP32';
  if ((code & 7) < 4)
    return `BPF_${kind}|${name(sizes, (code >> 3) & 3, code & 0x18)}|${name(modes, code >> 5, code & 0xe0)}`;
  const operation = name(kind === 'JMP' ? jumpOps : aluOps, code >> 4, code & 0xf0);
  return `BPF_${kind}|${code & 8 ? 'BPF_X' : 'BPF_K'}|${operation}`;
}
