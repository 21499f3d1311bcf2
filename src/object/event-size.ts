import { BpfFuncId } from '../abi/index.js';
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_CALL,
  BPF_JMP,
  BPF_K,
  BPF_LDX,
  BPF_MOV,
  decodeInsn,
  type Insn,
  insnCount,
  isLdimm64,
} from '../insn/index.js';
import type { FunctionSpec, ObjectSpec } from './types.js';

/** Registers in which the helpers that send a record take the map and the record's size. */
const senders = new Map<number, { readonly map: number; readonly size: number }>([
  [BpfFuncId.BPF_FUNC_perf_event_output, { map: 2, size: 5 }],
  [BpfFuncId.BPF_FUNC_skb_output, { map: 2, size: 5 }],
  [BpfFuncId.BPF_FUNC_xdp_output, { map: 2, size: 5 }],
  [BpfFuncId.BPF_FUNC_ringbuf_output, { map: 1, size: 3 }],
  [BpfFuncId.BPF_FUNC_ringbuf_reserve, { map: 1, size: 2 }],
]);

/**
 * The sizes in bytes of the records that the object's functions send to a perf or ring buffer, as the instructions before each call give
 * them; undefined for one that is computed.
 */
export function sentSizes(spec: ObjectSpec, map: string): Set<number | undefined> {
  const sizes = new Set<number | undefined>();
  for (const f of [...spec.programs, ...spec.subprogs]) {
    if (!f.references.some(r => r.kind === 'map' && r.map === map)) continue;
    const insns = Array.from({ length: insnCount(f.insns) }, (_, slot) =>
      decodeInsn(f.insns, slot, spec.endian),
    );
    for (const [slot, insn] of insns.entries()) {
      const registers = isHelperCall(insn) ? senders.get(insn.imm) : undefined;
      if (registers && mapIn(f, insns, slot, registers.map) === map)
        sizes.add(constantIn(insns, slot, registers.size));
    }
  }
  return sizes;
}

function mapIn(f: FunctionSpec, insns: readonly Insn[], call: number, register: number): string | undefined {
  const slot = lastWrite(insns, call, register);
  const reference = f.references.find(r => r.index === slot);
  return reference?.kind === 'map' ? reference.map : undefined;
}

function constantIn(insns: readonly Insn[], call: number, register: number): number | undefined {
  const insn = insns[lastWrite(insns, call, register) ?? -1];
  const moves =
    insn && (insn.code === (BPF_ALU64 | BPF_MOV | BPF_K) || insn.code === (BPF_ALU | BPF_MOV | BPF_K));
  return moves ? insn.imm : undefined;
}

/** The slot that last wrote a register before a call; undefined when another call lies between, which takes the register's value away. */
function lastWrite(insns: readonly Insn[], call: number, register: number): number | undefined {
  for (let slot = call - 1; slot >= 0; slot--) {
    const insn = insns[slot] as Insn;
    if (insn.code === (BPF_JMP | BPF_CALL)) return undefined;
    const kind = insn.code & 7;
    const writes = kind === BPF_ALU || kind === BPF_ALU64 || kind === BPF_LDX || isLdimm64(insn);
    if (writes && insn.dst === register) return slot;
  }
  return undefined;
}

function isHelperCall({ code, src }: Insn): boolean {
  return code === (BPF_JMP | BPF_CALL) && src === 0;
}
