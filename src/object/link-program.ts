import { hostEndian } from '../abi/index.js';
import { FormatError } from '../errors/index.js';
import {
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  insnSize,
  swapInsns,
} from '../insn/index.js';
import { exceptionCallback } from './exception-callback.js';
import type { InsnFixup, LinkedInsns } from './plan-types.js';
import type { FunctionSpec, InsnReference, ObjectSpec, ProgramSpec } from './types.js';

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
 * Instructions come out in this machine's byte order. References to externs are left as the compiler wrote them.
 */
export function linkProgram(spec: ObjectSpec, program: ProgramSpec): LinkedProgram {
  const functions = collect(spec, program);
  const starts = new Map(functions.map(f => [f.function.key, f.index]));
  const last = functions.at(-1) as LinkedFunction;
  const bytes = new Uint8Array((last.index + last.function.insns.length / insnSize) * insnSize);
  const view = new DataView(bytes.buffer);
  const fixups: InsnFixup[] = [];
  for (const { function: f, index } of functions) {
    bytes.set(spec.endian === hostEndian ? f.insns : swapInsns(f.insns), index * insnSize);
    for (const reference of f.references) relocate(view, index + reference.index, reference, starts, fixups);
  }
  return {
    insns: { bytes, fixups },
    functions,
    funcInfo: records(
      functions,
      8,
      f => f.funcInfo,
      info => [info.typeId],
    ),
    lineInfo: records(
      functions,
      16,
      f => f.lineInfo,
      info => [info.fileOff, info.textOff, info.lineCol],
    ),
  };
}

/** Every function that the program reaches, itself first. */
export function reachableFunctions(spec: ObjectSpec, program: ProgramSpec): FunctionSpec[] {
  return collect(spec, program).map(f => f.function);
}

function collect(spec: ObjectSpec, program: ProgramSpec): LinkedFunction[] {
  const subprogs = new Map(spec.subprogs.map(f => [f.key, f]));
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

/** Offsets in `struct bpf_insn`. */
const registersOffset = 1;
const immOffset = 4;

function relocate(
  view: DataView,
  index: number,
  reference: InsnReference,
  starts: ReadonlyMap<string, number>,
  fixups: InsnFixup[],
): void {
  const at = index * insnSize;
  const little = hostEndian === 'little';
  const setImm = (slot: number, imm: number) =>
    view.setInt32((index + slot) * insnSize + immOffset, imm, little);
  const setSource = (source: number) => {
    const registers = view.getUint8(at + registersOffset);
    view.setUint8(
      at + registersOffset,
      little ? (registers & 0x0f) | (source << 4) : (registers & 0xf0) | source,
    );
  };
  switch (reference.kind) {
    case 'map':
    case 'mapValue':
      setSource(reference.kind === 'map' ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE);
      setImm(0, 0);
      setImm(1, reference.kind === 'map' ? 0 : reference.offset);
      fixups.push({ index, ref: { fd: `map:${reference.map}` } });
      return;
    case 'funcPtr':
      setSource(BPF_PSEUDO_FUNC);
      setImm(0, (starts.get(reference.func) as number) - index - 1);
      return;
    case 'call':
      setImm(0, (starts.get(reference.func) as number) - index - 1);
      return;
    case 'extern':
    case 'jumpTable':
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
  words: (info: T) => readonly number[],
): InfoRecords | undefined {
  if (functions.some(f => infoOf(f.function).length === 0)) return undefined;
  const count = functions.reduce((sum, f) => sum + infoOf(f.function).length, 0);
  const bytes = new Uint8Array(count * recordSize);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { function: f, index } of functions)
    for (const info of infoOf(f)) {
      const slot = index + Math.floor((info.insnOffset - f.sectionOffset) / insnSize);
      for (const [i, word] of [slot, ...words(info)].entries())
        view.setUint32(at + i * 4, word, hostEndian === 'little');
      at += recordSize;
    }
  return { recordSize, count, bytes };
}
