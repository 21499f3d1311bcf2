import { rmSync } from 'node:fs';
import { BpfCmd } from '../abi/index.js';
import { FormatError } from '../errors/index.js';
import type { FdRef, KernelView, Plan, PlanStep } from '../object/index.js';
import { type AttrRecord, bpf, Errno, type Mapping, OwnedFd, type Sys } from '../syscall/index.js';
import { explainStep } from './explain/explain-step.js';
import { type LoadedProgram, loadWithLog, type Refusal } from './load-with-log.js';
import { mapArena } from './map-arena.js';
import { requireSame } from './pinned-map.js';
import { resolveStep } from './resolve-step.js';

/** The fds that a plan made, by the names it gives them: `btf`, `map:start`, `prog:handle_tp`. */
export class LoadedFds extends Map<string, OwnedFd> {
  /** Memory that programs count on, by the same names. */
  readonly mappings = new Map<string, Mapping>();
  /** Paths at which maps were pinned. */
  readonly pins: string[] = [];
  /** What the verifier said of programs that it took, by the same names, where it was asked. */
  readonly logs = new Map<string, string>();
}

export interface ExecuteOptions {
  /** Maps that are not the plan's to create, by the object's names. */
  readonly given?: ReadonlyMap<string, { readonly fd: number }>;
  /** Programs that programs of the plan are loaded for, by the name of these. */
  readonly targets?: ReadonlyMap<string, { readonly fd: number }>;
  /** `log_level` of programs; 0 asks for a log only after a refusal. */
  readonly logLevel?: number;
}

/**
 * Makes the calls of a plan. When one is refused that must succeed, closes every fd that came before it, takes its pins away and throws:
 * VerifierError for a program that the verifier examined, UnsupportedFeatureError for something it does not have, BpfError for the rest.
 */
export function execute(
  sys: Sys,
  kernel: KernelView,
  plan: Plan,
  { given = new Map(), targets = new Map(), logLevel = 0 }: ExecuteOptions = {},
): LoadedFds {
  const { file, btf } = plan.object;
  const made = new LoadedFds();
  const lent = new Map<string, number>();
  for (const [name, { fd }] of given) lent.set(`map:${name}`, fd);
  for (const [name, { fd }] of targets) lent.set(`target:${name}`, fd);
  const reused = new Set<string>();
  try {
    for (const step of plan.steps)
      if (step.unlessReused === undefined || !reused.has(step.unlessReused)) run(step);
    return made;
  } catch (error) {
    undo(made);
    throw error;
  }

  function run(step: PlanStep): void {
    const attr = resolveStep(step, fdOf, made.has('btf'));
    const result = call(sys, step, attr, logLevel);
    if ('fd' in result) succeeded(step, attr, result);
    else if (step.onError === 'fail' || (step.onError === 'absent' && result.errno !== Errno.ENOENT))
      throw explainStep({ sys, kernel, file, step, attr, refusal: result, btf });
  }

  function succeeded(step: PlanStep, attr: AttrRecord, { fd: result, log }: LoadedProgram): void {
    if (step.cmd === BpfCmd.BPF_OBJ_PIN) made.pins.push(String(attr['pathname']));
    if (step.makes === undefined) return;
    const fd = new OwnedFd(sys, result);
    made.set(step.makes, fd);
    if (log !== undefined) made.logs.set(step.makes, log);
    if (step.reuses) {
      requireSame(sys, fd, step.reuses, file, step.what);
      reused.add(step.makes);
    }
    if (step.mmap) made.mappings.set(step.makes, mapArena(sys, fd, step.mmap, `${file}: ${step.what}`));
  }

  function fdOf({ fd }: FdRef): number {
    const value = lent.get(fd) ?? made.get(fd)?.value;
    if (value === undefined)
      throw new FormatError(`the plan uses ${fd}, which no earlier call made`, { file });
    return value;
  }
}

/** Leaves nothing behind of a load that failed. */
export function undo(fds: LoadedFds): void {
  closeAll(fds);
  for (const path of fds.pins) rmSync(path, { force: true });
}

/** Unmaps what was mapped, and closes fds in the reverse of the order in which they were made. */
export function closeAll(fds: LoadedFds): void {
  for (const mapping of fds.mappings.values()) mapping.close();
  for (const fd of [...fds.values()].reverse()) fd.close();
}

/** The verifier log is asked for only where a refusal ends the load. */
function call(sys: Sys, step: PlanStep, attr: AttrRecord, logLevel: number): LoadedProgram | Refusal {
  if (step.cmd === BpfCmd.BPF_PROG_LOAD && step.onError === 'fail') return loadWithLog(sys, attr, logLevel);
  let result = bpf(sys, step.cmd, attr);
  // As libbpf does: the types are a help to those who look at the map, and some maps refuse some of them.
  if (result < 0 && step.cmd === BpfCmd.BPF_MAP_CREATE && toldTypes(attr))
    result = bpf(sys, step.cmd, { ...attr, btf_fd: 0, btf_key_type_id: 0, btf_value_type_id: 0 });
  return result >= 0 ? { fd: result, log: undefined } : { errno: -result, log: '', truncated: false };
}

function toldTypes(attr: AttrRecord): boolean {
  return Boolean(attr['btf_key_type_id'] || attr['btf_value_type_id']);
}
