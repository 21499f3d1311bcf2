import { hostEndian } from '../abi/index.js';
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  decodeInsn,
  helperName,
  type Insn,
  insnSize,
  isLdimm64,
} from '../insn/index.js';
import { kernelFunctions } from '../kernel/index.js';
import type { ProgramCode } from './program-code.js';

/**
 * What instructions refer to by what the kernel put into them, in bpftool's words: ids of maps, distances of helpers and kfuncs from __bpf_call_base, numbers
 * of subprograms.
 */
export function referencesOf({ xlated, ksyms }: ProgramCode): (index: number) => string | undefined {
  const base = callBase();
  const insnAt = (index: number) => decodeInsn(xlated, index, hostEndian);
  const addresses = new Map<number, bigint>();
  for (let index = 0; index < xlated.length / insnSize; index++) {
    const insn = insnAt(index);
    if (isLdimm64(insn)) index++;
    else if (insn.code === (BPF_JMP | BPF_CALL)) addresses.set(index, addressOf(insn, ksyms, base));
  }
  const names = symbolNames(new Set(addresses.values()));
  return index => {
    const insn = insnAt(index);
    if (isLdimm64(insn)) return mapText(insn, insnAt(index + 1));
    const address = addresses.get(index);
    if (address === undefined) return undefined;
    const name = names.get(address) ?? `0x${address.toString(16)}`;
    if (insn.src !== BPF_PSEUDO_CALL)
      return `${(insn.src === 0 ? helperName(insn.imm) : undefined) ?? name}#${insn.imm}`;
    const distance = `pc${insn.off < 0 ? '' : '+'}${insn.off}`;
    return ksyms.length === 0 ? distance : `${distance}#${name}`;
  };
}

function mapText({ src, imm }: Insn, second: Insn): string | undefined {
  switch (src) {
    case BPF_PSEUDO_MAP_FD:
      return `map[id:${imm}]`;
    case BPF_PSEUDO_MAP_VALUE:
      return `map[id:${imm}][0]+${second.imm}`;
    case BPF_PSEUDO_MAP_IDX_VALUE:
      return `map[idx:${imm}]+${second.imm}`;
    default:
      return undefined;
  }
}

/** Where a call goes; where kernel addresses are hidden, its distance from __bpf_call_base. */
function addressOf({ src, imm }: Insn, ksyms: readonly bigint[], base: bigint): bigint {
  const subprogram = src === BPF_PSEUDO_CALL ? ksyms[imm >>> 0] : undefined;
  return subprogram ?? BigInt.asUintN(64, base + BigInt(imm));
}

let knownCallBase: bigint | undefined;

/** What the numbers of helpers in a loaded program count from, the same for as long as the kernel runs; 0 where it is hidden. */
function callBase(): bigint {
  if (knownCallBase !== undefined) return knownCallBase;
  for (const { address } of kernelFunctions(name => name === '__bpf_call_base'))
    if (address !== 0n) {
      knownCallBase = address;
      return address;
    }
  return 0n;
}

/** The first symbol at each address. */
export function symbolNames(addresses: ReadonlySet<bigint>): ReadonlyMap<bigint, string> {
  const names = new Map<bigint, string>();
  if (addresses.size === 0) return names;
  for (const { name, address } of kernelFunctions())
    if (address !== 0n && addresses.has(address) && !names.has(address)) names.set(address, name);
  return names;
}
