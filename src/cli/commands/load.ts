import { RawbpfError } from '../../errors/index.js';
import { BpfObject, type Program } from '../../programs/index.js';
import { print, printJson } from '../output.js';
import { progress } from '../progress.js';
import { readInput } from '../read-input.js';
import { Refusals } from '../refusal.js';
import { oneLine } from '../report-error.js';

export interface LoadOptions {
  readonly each?: boolean;
  readonly json?: boolean;
}

/** What became of one program. Sizes are bytes. */
export interface ProgramReport {
  readonly name: string;
  readonly ok: boolean;
  readonly tag?: string;
  readonly xlatedBytes?: number;
  readonly jitedBytes?: number;
  readonly verifiedInsns?: number;
  readonly error?: string;
}

interface Outcome {
  readonly programs: readonly ProgramReport[];
  readonly refusals: readonly RawbpfError[];
}

/** `rawbpf load FILE`: loads an object into the kernel, reports its programs, unloads it. Nothing is pinned: what it did is gone when it ends. */
export async function load(file: string, { each, json }: LoadOptions): Promise<void> {
  const bytes = readInput(file);
  const open = () => BpfObject.open(bytes, { file });
  const { programs, refusals } = await progress(`loading ${file}`, () =>
    each ? loadEach(open) : loadWhole(open),
  );
  if (json) await printJson(document(file, programs, refusals));
  else await print((await import('../load-text.js')).loadText(programs));
  if (refusals.length > 0) throw new Refusals(refusals);
}

function document(file: string, programs: readonly ProgramReport[], refusals: readonly RawbpfError[]) {
  const [first] = refusals;
  return { file, ok: first === undefined, ...(first ? { error: oneLine(first) } : {}), programs };
}

function loadWhole(open: () => BpfObject): Outcome {
  using object = open();
  const loaded = attempt(() => object.load({ pinRoot: false }));
  if (!(loaded instanceof RawbpfError))
    return { programs: Object.values(object.programs).map(report), refusals: [] };
  const error = oneLine(loaded);
  return {
    programs: object.spec.programs.map(({ name }) => ({ name, ok: false, error })),
    refusals: [loaded],
  };
}

function loadEach(open: () => BpfObject): Outcome {
  const programs: ProgramReport[] = [];
  const refusals: RawbpfError[] = [];
  for (const { name } of open().spec.programs) {
    using object = open();
    const loaded = attempt(() => object.load({ programs: [name], pinRoot: false }));
    if (loaded instanceof RawbpfError) {
      refusals.push(loaded);
      programs.push({ name, ok: false, error: oneLine(loaded) });
    } else programs.push(report(object.program(name)));
  }
  return { programs, refusals };
}

function report(program: Program): ProgramReport {
  const { tag, xlatedBytes, jitedBytes, verifiedInsns } = program.info();
  return { name: program.name, ok: true, tag, xlatedBytes, jitedBytes, verifiedInsns };
}

/** The result, or the error when rawbpf threw it on purpose. */
function attempt<T>(action: () => T): T | RawbpfError {
  try {
    return action();
  } catch (error) {
    if (error instanceof RawbpfError) return error;
    throw error;
  }
}
