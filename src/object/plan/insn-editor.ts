import { hostEndian } from '../../abi/index.js';
import { insnSize } from '../../insn/index.js';

/** Fields of a `struct bpf_insn` to change; `nextImm` is the upper half of a 16-byte ldimm64. */
export interface InsnChange {
  readonly code?: number;
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
  readonly nextImm?: number;
}

const little = hostEndian === 'little';

/** Changes fields of one instruction where it stands, in this machine's byte order. */
export class InsnEditor {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, index: number) {
    this.#view = view;
    this.#at = index * insnSize;
  }

  set({ code, dst, src, off, imm, nextImm }: InsnChange): void {
    const view = this.#view;
    const at = this.#at;
    if (code !== undefined) view.setUint8(at, code);
    if (dst !== undefined || src !== undefined) {
      const registers = view.getUint8(at + 1);
      const [low, high] = [registers & 0x0f, registers >> 4];
      const d = dst ?? (little ? low : high);
      const s = src ?? (little ? high : low);
      view.setUint8(at + 1, little ? d | (s << 4) : (d << 4) | s);
    }
    if (off !== undefined) view.setInt16(at + 2, off, little);
    if (imm !== undefined) view.setInt32(at + 4, imm, little);
    if (nextImm !== undefined) view.setInt32(at + insnSize + 4, nextImm, little);
  }
}
