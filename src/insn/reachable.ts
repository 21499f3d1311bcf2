import { hostEndian } from '../abi/index.js';
import { decodeInsn, insnCount } from './codec.js';
import { foldArithmetic, foldJump, type Width } from './fold.js';
import {
  BPF_ADD,
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_DIV,
  BPF_END,
  BPF_EXIT,
  BPF_JA,
  BPF_JCOND,
  BPF_JEQ,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_LD,
  BPF_LDX,
  BPF_MEM,
  BPF_MOD,
  BPF_MOV,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_VALUE,
  BPF_STX,
  BPF_X,
  LDIMM64,
} from './opcodes.js';
import type { Insn } from './types.js';

/** The read-only memory that the ldimm64 in a slot points into, from its beginning; undefined when it may change. */
export type ReadOnlyMemory = (slot: number) => Uint8Array | undefined;

/** A place in read-only memory. */
interface Pointer {
  readonly memory: Uint8Array;
  readonly offset: number;
}

/** What a register holds; undefined when that is not known. */
type Value = bigint | Pointer | undefined;

const registers = 11;
/** Size in bytes of a load, by `code & 0x18`. */
const loadSizes: Readonly<Record<number, number>> = { 0: 4, 8: 2, 16: 1, 24: 8 };

/**
 * Which instructions of a program (in this machine's byte order) can be reached from its first one, by slot; the verifier looks at no other.
 * Registers are followed as long as they hold numbers that are the same on every path: that is enough for what guards CO-RE accesses. The verifier
 * follows each path by itself and may know better, so that it reaches less.
 */
export function reachableSlots(
  insns: Uint8Array,
  memory: ReadOnlyMemory = () => undefined,
): readonly boolean[] {
  const walk = new Walk(insns, memory);
  return walk.run();
}

class Walk {
  readonly #insns: Uint8Array;
  readonly #memory: ReadOnlyMemory;
  readonly #states: (Value[] | undefined)[];
  readonly #work: number[] = [];

  constructor(insns: Uint8Array, memory: ReadOnlyMemory) {
    this.#insns = insns;
    this.#memory = memory;
    this.#states = new Array(insnCount(insns));
  }

  run(): readonly boolean[] {
    this.#enterFunction(0);
    for (let slot = this.#work.pop(); slot !== undefined; slot = this.#work.pop())
      if (!this.#step(slot)) return Array.from(this.#states, () => true);
    return Array.from(this.#states, state => state !== undefined);
  }

  #enterFunction(slot: number): void {
    this.#enter(slot, new Array(registers).fill(undefined));
  }

  /** Comes to a slot with these registers: what differs from how it was come to before is not known there. */
  #enter(slot: number, state: readonly Value[]): void {
    if (!(slot >= 0 && slot < this.#states.length)) return;
    const known = this.#states[slot];
    if (!known) {
      this.#states[slot] = [...state];
      this.#work.push(slot);
      return;
    }
    let changed = false;
    for (const [i, value] of known.entries())
      if (value !== undefined && !same(value, state[i])) {
        known[i] = undefined;
        changed = true;
      }
    if (changed) this.#work.push(slot);
  }

  /** False when where the program goes from here cannot be told. */
  #step(slot: number): boolean {
    const insn = decodeInsn(this.#insns, slot, hostEndian);
    const state = [...(this.#states[slot] as Value[])];
    switch (insn.code & 7) {
      case BPF_ALU:
      case BPF_ALU64:
        state[insn.dst] = arithmetic(insn, state);
        break;
      case BPF_LD:
        return this.#load(slot, insn, state);
      case BPF_LDX:
        state[insn.dst] = (insn.code & 0xe0) === BPF_MEM ? read(insn, state[insn.src]) : undefined;
        break;
      case BPF_STX:
        if ((insn.code & 0xe0) === BPF_ATOMIC) for (const r of [0, insn.dst, insn.src]) state[r] = undefined;
        break;
      case BPF_JMP:
      case BPF_JMP32:
        return this.#jump(slot, insn, state);
    }
    this.#enter(slot + 1, state);
    return true;
  }

  #load(slot: number, insn: Insn, state: Value[]): boolean {
    if (insn.code !== LDIMM64) {
      // Loads from a packet are calls in disguise.
      state.fill(undefined, 0, 6);
      this.#enter(slot + 1, state);
      return true;
    }
    if (slot + 1 >= this.#states.length) return true;
    const { imm } = decodeInsn(this.#insns, slot + 1, hostEndian);
    const memory = insn.src === BPF_PSEUDO_MAP_VALUE ? this.#memory(slot) : undefined;
    if (insn.src === BPF_PSEUDO_FUNC) this.#enterFunction(slot + 1 + insn.imm);
    if (insn.src === 0) state[insn.dst] = BigInt(insn.imm >>> 0) | (BigInt(imm >>> 0) << 32n);
    else state[insn.dst] = memory ? { memory, offset: imm } : undefined;
    this.#enter(slot + 2, state);
    return true;
  }

  #jump(slot: number, insn: Insn, state: Value[]): boolean {
    const operation = insn.code & 0xf0;
    const width: Width = (insn.code & 7) === BPF_JMP ? 64 : 32;
    const target = slot + 1 + insn.off;
    const byRegister = (insn.code & BPF_X) !== 0;
    switch (operation) {
      case BPF_EXIT:
        return true;
      case BPF_CALL:
        if (insn.src === BPF_PSEUDO_CALL) this.#enterFunction(slot + 1 + insn.imm);
        state.fill(undefined, 0, 6);
        this.#enter(slot + 1, state);
        return true;
      case BPF_JA:
        if (byRegister) return false;
        this.#enter(width === 64 ? target : slot + 1 + insn.imm, state);
        return true;
      case BPF_JCOND:
        this.#enter(slot + 1, state);
        this.#enter(target, state);
        return true;
    }
    const left = state[insn.dst];
    const right = byRegister ? state[insn.src] : BigInt(insn.imm);
    const isKnown = typeof left === 'bigint' && typeof right === 'bigint';
    const taken = isKnown ? foldJump(operation, width, left, right) : undefined;
    const equal = [...state];
    if (width === 64 && typeof right === 'bigint') equal[insn.dst] = BigInt.asUintN(64, right);
    if (taken !== true) this.#enter(slot + 1, operation === BPF_JNE ? equal : state);
    if (taken !== false) this.#enter(target, operation === BPF_JEQ ? equal : state);
    return true;
  }
}

function arithmetic(insn: Insn, state: readonly Value[]): Value {
  const operation = insn.code & 0xf0;
  const width: Width = (insn.code & 7) === BPF_ALU64 ? 64 : 32;
  const left = state[insn.dst];
  const right = insn.code & BPF_X ? state[insn.src] : BigInt(insn.imm);
  if (operation === BPF_END) return undefined;
  // With an offset these extend the sign, cast addresses, or divide signed numbers.
  if (insn.off !== 0 && (operation === BPF_MOV || operation === BPF_DIV || operation === BPF_MOD))
    return undefined;
  if (operation === BPF_MOV && width === 64)
    return typeof right === 'bigint' ? BigInt.asUintN(64, right) : right;
  if (typeof right !== 'bigint') return undefined;
  if (operation === BPF_MOV) return foldArithmetic(operation, width, 0n, right);
  if (typeof left === 'bigint') return foldArithmetic(operation, width, left, right);
  if (left && operation === BPF_ADD && width === 64)
    return { memory: left.memory, offset: left.offset + Number(BigInt.asIntN(64, right)) };
  return undefined;
}

/** The number at a place in read-only memory. */
function read({ code, off }: Insn, pointer: Value): bigint | undefined {
  if (pointer === undefined || typeof pointer === 'bigint') return undefined;
  const { memory } = pointer;
  const size = loadSizes[code & 0x18] as number;
  const at = pointer.offset + off;
  if (!(at >= 0 && at + size <= memory.length)) return undefined;
  let value = 0n;
  for (let i = 0; i < size; i++) {
    const byte = memory[at + (hostEndian === 'little' ? size - 1 - i : i)] as number;
    value = (value << 8n) | BigInt(byte);
  }
  return value;
}

function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return a.memory === b.memory && a.offset === b.offset;
}
