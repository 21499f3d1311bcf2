import { BpfFuncId } from '../abi/index.js';
import { BPF_CALL, BPF_JMP, decodeInsn, insnCount } from '../insn/index.js';
import type { ObjectSpec } from '../object/index.js';

const printkHelpers: readonly number[] = [BpfFuncId.BPF_FUNC_trace_printk, BpfFuncId.BPF_FUNC_trace_vprintk];

/** True when a function of the object calls bpf_printk(), which writes to the trace pipe. */
export function usesPrintk(spec: ObjectSpec): boolean {
  return [...spec.programs, ...spec.subprogs].some(({ insns }) => {
    for (let slot = 0; slot < insnCount(insns); slot++) {
      const { code, src, imm } = decodeInsn(insns, slot, spec.endian);
      if (code === (BPF_JMP | BPF_CALL) && src === 0 && printkHelpers.includes(imm)) return true;
    }
    return false;
  });
}
