import { enableStats, listPrograms, openProgram, type ProgramInfo } from '../../../programs/index.js';
import { BpfError } from '../../../syscall/index.js';
import { exactJsonLine } from '../../exact-json.js';
import { print, printLines } from '../../output.js';
import { complain } from '../../report-error.js';
import { Stop } from '../../stop.js';
import { table } from '../../table.js';
import { Words } from '../../words.js';
import { takePrograms } from './select.js';

export interface StatOptions {
  readonly duration?: number;
  readonly json?: boolean;
}

/** What a program did in the time that was watched. */
interface Run {
  readonly info: ProgramInfo;
  readonly count: bigint;
  readonly ns: bigint;
}

/** `rawbpf prog stat [PROGRAM]`: has the kernel count the runs of programs and their time, until Ctrl-C or for a while. */
export async function countRuns(args: readonly string[], { duration, json }: StatOptions): Promise<void> {
  const wanted = args.length > 0 ? idsOf(args) : undefined;
  using _statistics = enableStats();
  const before = new Map([...listPrograms()].map(info => [info.id, info]));
  {
    using stop = new Stop(duration);
    if (duration === undefined) complain('counting until Ctrl-C');
    await stop.reached;
  }
  const runs = [...listPrograms()]
    .filter(({ id }) => wanted?.has(id) ?? true)
    .map(info => runOf(info, before.get(info.id)))
    .filter(({ count }) => wanted !== undefined || count > 0n)
    .sort((a, b) => Number(b.ns - a.ns));
  if (json) return await printLines(runs.map(runRecord));
  if (runs.length === 0) return complain('no program ran');
  await print(
    table(
      ['id', 'type', 'name', 'runs', 'ns', 'ns/run'],
      runs.map(({ info, count, ns }) => [
        info.id,
        info.typeName,
        fullName(info),
        Number(count),
        Number(ns),
        count ? Number(ns / count) : 0,
      ]),
    ),
  );
}

function idsOf(args: readonly string[]): ReadonlySet<number> {
  const words = new Words(args);
  const sources = takePrograms(words);
  words.end();
  return new Set(
    sources.map(source => {
      using program = openProgram(source);
      return program.info().id;
    }),
  );
}

/** The kernel counts on where an earlier count left off. */
function runOf(info: ProgramInfo, before: ProgramInfo | undefined): Run {
  return {
    info,
    count: info.runCount - (before?.runCount ?? 0n),
    ns: info.runTimeNs - (before?.runTimeNs ?? 0n),
  };
}

function runRecord({ info, count, ns }: Run): string {
  const { id, typeName, tag } = info;
  return exactJsonLine({ id, type: typeName, name: fullName(info), tag, run_time_ns: ns, run_cnt: count });
}

/** That which the kernel keeps, for a program that is gone by now. */
function fullName(info: ProgramInfo): string {
  try {
    using program = openProgram({ id: info.id });
    return program.fullName();
  } catch (error) {
    if (error instanceof BpfError) return info.name;
    throw error;
  }
}
