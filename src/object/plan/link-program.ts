import { hostEndian } from '../../abi/index.js';
import { FormatError } from '../../errors/index.js';
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  insnSize,
  swapInsns,
} from '../../insn/index.js';
import { ObjectError } from '../object-error.js';
import type { FunctionSpec, InsnReference, ObjectSpec, ProgramSpec } from '../types.js';
import { exceptionCallback } from './exception-callback.js';
import { type InsnChange, InsnEditor } from './insn-editor.js';
import { type JumpTable, readJumpTable } from './jump-tables.js';
import type { InsnFixup, LinkedInsns, PoisonedInsn } from './plan-types.js';
import type { CoreRelocator } from './relocate-core.js';
import type { ResolvedExtern } from './resolve-externs.js';

/** A function's place in a linked program. */
export interface LinkedFunction {
  readonly function: FunctionSpec;
  /** Slot at which it starts. */
  readonly index: number;
}

/** A program with the subprogs that it reaches, as the kernel takes it. */
export interface LinkedProgram {
  readonly insns: LinkedInsns;
  /** The program, then its subprogs in the order in which they were appended. */
  readonly functions: readonly LinkedFunction[];
  /** `struct bpf_func_info` records for PROG_LOAD; undefined when a function has none. */
  readonly funcInfo: InfoRecords | undefined;
  /** `struct bpf_line_info` records for PROG_LOAD; undefined when a function has none. */
  readonly lineInfo: InfoRecords | undefined;
  /** The tables that its indirect jumps go through. */
  readonly jumpTables: readonly JumpTable[];
  /** Its instructions that must not be reached on the target. */
  readonly poisoned: readonly PoisonedInsn[];
}

/** What a program is linked against, beyond its object: a kernel. */
export interface LinkTarget {
  readonly externs: ReadonlyMap<string, ResolvedExtern>;
  readonly core: CoreRelocator;
  /** Where the variables of an arena begin in it. */
  readonly arenaDataOffset: number;
  /** Names of maps that are not created. */
  readonly absentMaps: ReadonlySet<string>;
}

/** Records of one size, in this machine's byte order. */
export interface InfoRecords {
  readonly recordSize: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/**
 * Links a program: appends every subprog that it reaches, once, depth first at the first call, and points calls, function addresses, maps
 * and globals at what they refer to (libbpf: bpf_object__reloc_code, bpf_object__relocate_data). The order is libbpf's, so that the
 * kernel computes the same tag.
 *
 * Instructions come out in this machine's byte order. Without a target, references to externs are left as the compiler wrote them.
 * Throws ObjectError for an extern that the target does not have.
 */
export function linkProgram(spec: ObjectSpec, program: ProgramSpec, target?: LinkTarget): LinkedProgram {
  const functions = collect(spec, program);
  const starts = new Map(functions.map(f => [f.function.key, f.index]));
  const last = functions.at(-1) as LinkedFunction;
  const bytes = new Uint8Array((last.index + last.function.insns.length / insnSize) * insnSize);
  const view = new DataView(bytes.buffer);
  const fixups: InsnFixup[] = [];
  const jumpTables = new Map<string, JumpTable>();
  const poisoned: PoisonedInsn[] = [];
  const scope: RelocationScope = { spec, program, target, view, starts, fixups, jumpTables, poisoned };
  for (const linked of functions) {
    const { function: f, index } = linked;
    bytes.set(spec.endian === hostEndian ? f.insns : swapInsns(f.insns), index * insnSize);
    poisoned.push(...(target?.core.apply(f, bytes, index) ?? []));
    for (const reference of f.references) relocate(scope, linked, reference);
  }
  return {
    insns: { bytes, fixups },
    functions,
    funcInfo: records(
      functions,
      8,
      f => f.funcInfo,
      (words, at, info) => {
        words[at] = info.typeId;
      },
    ),
    lineInfo: records(
      functions,
      16,
      f => f.lineInfo,
      (words, at, info) => {
        words[at] = info.fileOff;
        words[at + 1] = info.textOff;
        words[at + 2] = info.lineCol;
      },
    ),
    jumpTables: [...jumpTables.values()],
    poisoned,
  };
}

/** Every function that the program reaches, itself first. */
export function reachableFunctions(spec: ObjectSpec, program: ProgramSpec): FunctionSpec[] {
  return collect(spec, program).map(f => f.function);
}

const subprogsOf = new WeakMap<ObjectSpec, ReadonlyMap<string, FunctionSpec>>();

function subprogsByKey(spec: ObjectSpec): ReadonlyMap<string, FunctionSpec> {
  let subprogs = subprogsOf.get(spec);
  if (!subprogs) {
    subprogs = new Map(spec.subprogs.map(f => [f.key, f]));
    subprogsOf.set(spec, subprogs);
  }
  return subprogs;
}

function collect(spec: ObjectSpec, program: ProgramSpec): LinkedFunction[] {
  const subprogs = subprogsByKey(spec);
  const functions: LinkedFunction[] = [];
  const seen = new Set<string>();
  let end = 0;
  const append = (f: FunctionSpec) => {
    seen.add(f.key);
    functions.push({ function: f, index: end });
    end += f.insns.length / insnSize;
  };
  // A stack of our own: how deep calls nest is up to the file.
  const walk = (f: FunctionSpec) => {
    append(f);
    const stack = [calls(f)];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.next();
      if (next.done) stack.pop();
      else if (!seen.has(next.value)) {
        const callee = subprogs.get(next.value);
        if (!callee)
          throw new FormatError(`there is no function ${next.value} in .text`, {
            file: spec.file,
            section: program.section,
            field: `program ${program.name}`,
          });
        append(callee);
        stack.push(calls(callee));
      }
    }
  };
  walk(program);
  const callback = exceptionCallback(spec, program);
  if (callback && !seen.has(callback.key)) walk(callback);
  return functions;
}

function* calls(f: FunctionSpec): Generator<string, void> {
  for (const reference of f.references)
    if (reference.kind === 'call' || reference.kind === 'funcPtr') yield reference.func;
}

interface RelocationScope {
  readonly spec: ObjectSpec;
  readonly program: ProgramSpec;
  readonly target: LinkTarget | undefined;
  readonly view: DataView;
  readonly starts: ReadonlyMap<string, number>;
  readonly fixups: InsnFixup[];
  /** By the name of the map that each becomes. */
  readonly jumpTables: Map<string, JumpTable>;
  readonly poisoned: PoisonedInsn[];
}

function relocate(scope: RelocationScope, linked: LinkedFunction, reference: InsnReference): void {
  const { view, starts, fixups, target } = scope;
  const index = linked.index + reference.index;
  const insn = new InsnEditor(view, index);
  switch (reference.kind) {
    case 'map':
      referToMap(scope, index, reference.map, { src: BPF_PSEUDO_MAP_FD, imm: 0, nextImm: 0 });
      return;
    case 'mapValue': {
      const base = scope.spec.arena?.map === reference.map ? (target?.arenaDataOffset ?? 0) : 0;
      const nextImm = reference.offset + base;
      referToMap(scope, index, reference.map, { src: BPF_PSEUDO_MAP_VALUE, imm: 0, nextImm });
      return;
    }
    case 'funcPtr':
      insn.set({ src: BPF_PSEUDO_FUNC, imm: (starts.get(reference.func) as number) - index - 1 });
      return;
    case 'call':
      insn.set({ imm: (starts.get(reference.func) as number) - index - 1 });
      return;
    case 'extern':
      if (target) relocateExtern(scope, target, index, reference, linked);
      return;
    case 'jumpTable': {
      const table = readJumpTable(scope.spec, scope.program, linked, reference);
      scope.jumpTables.set(table.map, table);
      insn.set({ src: BPF_PSEUDO_MAP_VALUE, off: 0, imm: 0 });
      fixups.push({ index, ref: { fd: `map:${table.map}` } });
      return;
    }
  }
}

/** `imm` of the calls that stand for an address of a map that is not created (poison_map_ldimm64 in libbpf). */
const absentMap = 2001000000;

function referToMap(scope: RelocationScope, index: number, map: string, change: InsnChange): void {
  const { spec, target, view, fixups, poisoned } = scope;
  if (!target?.absentMaps.has(map)) {
    new InsnEditor(view, index).set(change);
    fixups.push({ index, ref: { fd: `map:${map}` } });
    return;
  }
  const imm = absentMap + spec.maps.findIndex(m => m.name === map);
  for (const slot of [index, index + 1])
    new InsnEditor(view, slot).set({ code: BPF_JMP | BPF_CALL, dst: 0, src: 0, off: 0, imm });
  poisoned.push({ index, missing: `map ${map}: it was not to be created`, source: undefined });
}

/** `imm` of a call of a kfunc that is not there: the verifier refuses it where it can be reached (poison_kfunc_call in libbpf). */
const absentKfunc = 2002000000;

function relocateExtern(
  { spec, view, fixups, poisoned }: RelocationScope,
  target: LinkTarget,
  index: number,
  { name, call }: Extract<InsnReference, { kind: 'extern' }>,
  { function: f }: LinkedFunction,
): void {
  const insn = new InsnEditor(view, index);
  const extern = target.externs.get(name) ?? { kind: 'missing', reason: 'is not declared in BTF' };
  switch (extern.kind) {
    case 'missing':
      throw new ObjectError(spec.file, `extern ${name} of ${f.name}`, extern.reason);
    case 'kconfig':
      insn.set({ src: BPF_PSEUDO_MAP_VALUE, imm: 0, nextImm: extern.offset });
      fixups.push({ index, ref: { fd: 'map:.kconfig' } });
      return;
    case 'address':
      insn.set({
        imm: Number(BigInt.asIntN(32, extern.address)),
        nextImm: Number(BigInt.asIntN(32, extern.address >> 32n)),
      });
      return;
    case 'btf':
      if (call) insn.set({ src: BPF_PSEUDO_KFUNC_CALL, off: extern.fdIndex, imm: extern.id });
      else {
        insn.set({ src: BPF_PSEUDO_BTF_ID, imm: extern.id, nextImm: 0 });
        if (extern.module) fixups.push({ index: index + 1, ref: { fd: `btf:${extern.module.name}` } });
      }
      return;
    case 'absent':
      if (call) {
        const number = spec.externs.findIndex(e => e.name === name);
        insn.set({ code: BPF_JMP | BPF_CALL, dst: 0, src: 0, off: 0, imm: absentKfunc + number });
        poisoned.push({ index, missing: `kfunc ${name}: ${extern.reason}`, source: undefined });
      } else insn.set({ imm: 0, nextImm: 0 });
      return;
  }
}

/**
 * The func or line info of all functions as the kernel takes it: offsets in slots of the linked program. The kernel wants a record for
 * every function or none at all, and compilers (gcc) may leave some out.
 */
function records<T extends { readonly insnOffset: number }>(
  functions: readonly LinkedFunction[],
  recordSize: number,
  infoOf: (f: FunctionSpec) => readonly T[],
  put: (words: Uint32Array, at: number, info: T) => void,
): InfoRecords | undefined {
  let count = 0;
  for (const { function: f } of functions) {
    const { length } = infoOf(f);
    if (length === 0) return undefined;
    count += length;
  }
  // In this machine's byte order, as the array is.
  const words = new Uint32Array((count * recordSize) / 4);
  let at = 0;
  for (const { function: f, index } of functions)
    for (const info of infoOf(f)) {
      words[at] = index + Math.floor((info.insnOffset - f.sectionOffset) / insnSize);
      put(words, at + 1, info);
      at += recordSize / 4;
    }
  return { recordSize, count, bytes: new Uint8Array(words.buffer) };
}
