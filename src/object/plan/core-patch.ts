import { hostEndian } from '../../abi/index.js';
import { type CoreValues, RelocationFault } from '../../btf/index.js';
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_B,
  BPF_CALL,
  BPF_DW,
  BPF_H,
  BPF_JMP,
  BPF_LD,
  BPF_LDX,
  BPF_ST,
  BPF_STX,
  BPF_W,
  BPF_X,
  decodeInsn,
  type Insn,
  insnSize,
  isLdimm64,
} from '../../insn/index.js';
import { InsnEditor } from './insn-editor.js';

/** `imm` of the call that stands for an instruction which must not be reached: "bad relo" (bpf_core_poison_insn in libbpf). */
export const poisonedImm = 195896080;

const classMask = 0x07;
const sizeMask = 0x18;
const maxOffset = 0x7fff;
/** `BPF_SIZE()` by bytes. */
const sizeCodes: Readonly<Record<number, number>> = { 1: BPF_B, 2: BPF_H, 4: BPF_W, 8: BPF_DW };

/**
 * Puts the value of a relocation into the instruction in slot `index` of a function in this machine's byte order (libbpf: bpf_core_patch_insn);
 * true when it had to be made one that must not be reached. Throws RelocationFault when the instruction is not one that can hold the value, or
 * does not hold what the compiler must have put there.
 */
export function patchInsn(insns: Uint8Array, index: number, values: CoreValues): boolean {
  const insn = decodeInsn(insns, index, hostEndian);
  const view = new DataView(insns.buffer, insns.byteOffset, insns.byteLength);
  if (values.poison) {
    poison(view, index, insn);
    return true;
  }
  const editor = new InsnEditor(view, index);
  const { after } = values;
  switch (insn.code & classMask) {
    case BPF_ALU:
    case BPF_ALU64:
      if (insn.code & BPF_X) throw new RelocationFault('the instruction has no immediate value');
      expect(values, BigInt(insn.imm));
      editor.set({ imm: Number(BigInt.asIntN(32, after)) });
      return false;
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX:
      expect(values, BigInt(insn.off));
      if (after > maxOffset) throw new RelocationFault(`the offset ${after} does not fit the instruction`);
      if (values.sizesClash) {
        poison(view, index, insn);
        return true;
      }
      editor.set({ off: Number(after), ...resized(insn, values) });
      return false;
    case BPF_LD: {
      const next = isLdimm64(insn) ? decodeInsn(insns, index + 1, hostEndian) : undefined;
      if (!next || insn.src || insn.off || next.code || next.dst || next.src || next.off)
        throw new RelocationFault('the instruction is no ldimm64 of a number');
      expect(values, BigInt(insn.imm >>> 0) | (BigInt(next.imm >>> 0) << 32n));
      editor.set({
        imm: Number(BigInt.asIntN(32, after)),
        nextImm: Number(BigInt.asIntN(32, after >> 32n)),
      });
      return false;
    }
    default:
      throw new RelocationFault(`an instruction with code 0x${insn.code.toString(16)} cannot be relocated`);
  }
}

function expect({ validate, before, after }: CoreValues, there: bigint): void {
  if (validate && BigInt.asUintN(64, there) !== before)
    throw new RelocationFault(
      `the instruction holds ${there}, and by the object's types it would hold ${BigInt.asIntN(64, before)} (then ${BigInt.asIntN(64, after)})`,
    );
}

function resized(insn: Insn, { sizeBefore, sizeAfter }: CoreValues): { code?: number } {
  if (sizeBefore === sizeAfter) return {};
  const size = sizeCodes[sizeAfter];
  if ((insn.code & sizeMask) !== sizeCodes[sizeBefore])
    throw new RelocationFault(
      `the instruction does not access ${sizeBefore} bytes, as the object's types say`,
    );
  if (size === undefined) throw new RelocationFault(`no instruction accesses ${sizeAfter} bytes`);
  return { code: (insn.code & ~sizeMask) | size };
}

function poison(view: DataView, index: number, insn: Insn): void {
  const invalid = { code: BPF_JMP | BPF_CALL, dst: 0, src: 0, off: 0, imm: poisonedImm };
  // Both halves, or the verifier complains of the second one first.
  if (isLdimm64(insn)) {
    if ((index + 2) * insnSize > view.byteLength)
      throw new RelocationFault('the second half of the instruction is missing');
    new InsnEditor(view, index + 1).set(invalid);
  }
  new InsnEditor(view, index).set(invalid);
}
