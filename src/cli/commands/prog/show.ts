import { type Holder, holders, pinnedPaths } from '../../../kernel/index.js';
import { listPrograms, openProgram, type Program } from '../../../programs/index.js';
import { BpfError } from '../../../syscall/index.js';
import { exactJson } from '../../exact-json.js';
import { print, printLines } from '../../output.js';
import { type ProgramFacts, programRecord, programText } from '../../program-text.js';
import { Words } from '../../words.js';
import { Metadata } from './metadata.js';
import { takePrograms } from './select.js';

export interface ShowOptions {
  readonly json?: boolean;
  /** Paths where the programs are pinned, too. */
  readonly bpffs?: boolean;
}

/** `rawbpf prog show [PROGRAM]`: those of a selector, or all that the kernel has. */
export async function showPrograms(args: readonly string[], options: ShowOptions): Promise<void> {
  const { json, bpffs } = options;
  // Before anything is open here: what this process holds is of no interest.
  const surroundings = {
    holders: holders('program'),
    pins: bpffs ? pinnedPaths('program') : undefined,
    metadata: new Metadata(),
  };
  const programs = args.length === 0 ? all(surroundings) : selected(args, surroundings);
  if (!json) return await printLines(programs.map(programText));
  const records = programs.map(programRecord);
  await print(exactJson(args.length > 0 && records.length === 1 ? records[0] : records));
}

interface Surroundings {
  readonly holders: ReadonlyMap<number, readonly Holder[]>;
  readonly pins: ReadonlyMap<number, readonly string[]> | undefined;
  readonly metadata: Metadata;
}

function all(surroundings: Surroundings): ProgramFacts[] {
  const facts: ProgramFacts[] = [];
  for (const { id } of listPrograms()) {
    const program = openUnlessGone(id);
    if (program) facts.push(factsOf(program, surroundings));
  }
  return facts;
}

function selected(args: readonly string[], surroundings: Surroundings): ProgramFacts[] {
  const words = new Words(args);
  const sources = takePrograms(words);
  words.end();
  return sources.map(source => factsOf(openProgram(source), surroundings));
}

function openUnlessGone(id: number): Program | undefined {
  try {
    return openProgram({ id });
  } catch (error) {
    if (error instanceof BpfError && error.errnoName === 'ENOENT') return undefined;
    throw error;
  }
}

function factsOf(opened: Program, { holders, pins, metadata }: Surroundings): ProgramFacts {
  using program = opened;
  const info = program.info();
  return {
    info,
    name: program.fullName(),
    // bpftool has the list, empty or not, when any program is pinned.
    pinned: pins && pins.size > 0 ? (pins.get(info.id) ?? []) : undefined,
    holders: holders.get(info.id),
    metadata: metadata.of(info),
  };
}
