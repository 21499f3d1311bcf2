import { hostEndian } from '../../abi/index.js';
import {
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  decodeInsn,
  insnCount,
  insnSize,
  isLdimm64,
} from '../../insn/index.js';
import { sha256 } from './sha256.js';

/**
 * What the kernel knows a program by that a map is to be exclusive to (Linux 6.18; bpf_prog_calc_tag in kernel/bpf/core.c): SHA-256 of its instructions as
 * they are loaded, in this machine's byte order, fds of maps and offsets into them taken for 0.
 */
export function programHash(insns: Uint8Array): Uint8Array {
  const bytes = insns.slice();
  for (let index = 0; index < insnCount(bytes); index++) {
    const insn = decodeInsn(bytes, index, hostEndian);
    if (!isLdimm64(insn)) continue;
    if (insn.src === BPF_PSEUDO_MAP_FD || insn.src === BPF_PSEUDO_MAP_VALUE) {
      clearImm(bytes, index);
      clearImm(bytes, index + 1);
    }
    index++;
  }
  return sha256(bytes);
}

function clearImm(bytes: Uint8Array, index: number): void {
  bytes.fill(0, index * insnSize + 4, (index + 1) * insnSize);
}
