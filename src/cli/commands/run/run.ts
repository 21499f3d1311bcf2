import type { Command } from 'commander';
import type { BtfValue } from '../../../btf/index.js';
import {
  type ObjectSpec,
  type ProgramSettings,
  parseGlobalValue,
  parseObject,
} from '../../../object/index.js';
import type { AttachTarget, BpfObject } from '../../../programs/index.js';
import { formatSyscall, subscribeSyscalls } from '../../../syscall/index.js';
import type { Assignment } from '../../command-line/values.js';
import { EventPrinter } from '../../event-printer.js';
import type { PackageProgram } from '../../package/package.js';
import { usesPrintk } from '../../printk.js';
import { Refusal } from '../../refusal.js';
import { Stop } from '../../stop.js';
import { TextOutput } from '../../text-output.js';
import { discardOldTrace, printTrace } from '../../trace-lines.js';
import { attachAs } from './attach-as.js';
import { attachPrograms } from './attach-programs.js';
import { eventTypes } from './event-types.js';
import { loadPrograms } from './load-programs.js';
import { MapPrinter } from './map-printer.js';
import { type FlaggedObject, parseFlags, printFlagsHelp } from './parse-flags.js';
import { type RunInput, runInput } from './run-input.js';
import { stackNames } from './stacks.js';

export interface RunOptions {
  readonly help?: boolean;
  readonly set?: readonly Assignment[];
  readonly attach?: readonly Assignment[];
  readonly program?: readonly string[];
  readonly event?: readonly Assignment[];
  readonly trace?: boolean;
  readonly maps?: boolean;
  readonly syscalls?: boolean;
  readonly count?: number;
  readonly duration?: number;
  readonly interval?: number;
  readonly timestamp?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

/** `rawbpf run FILE`: loads, attaches everything, prints what comes, and at the end leaves nothing behind. */
export async function run(
  file: string | undefined,
  words: readonly string[],
  options: RunOptions,
  command: Command,
) {
  if (file === undefined) {
    if (options.help) command.outputHelp();
    else command.error("error: missing required argument 'file'", { code: 'commander.missingArgument' });
    return;
  }
  if (file.startsWith('-'))
    command.error(`error: ${file}: name the object first, then its flags: rawbpf run FILE ${file}`, {
      code: 'commander.unknownOption',
    });
  const input = await runInput(file);
  const flagged = { file, spec: parseObject(input.bytes, input.options), package: input.package };
  if (options.help) printFlagsHelp(flagged, command);
  else await runObject(input, flagged, globalsOf(flagged, words, options, command), options);
}

/** What the flags say, then what `--set` says. */
function globalsOf(
  flagged: FlaggedObject,
  words: readonly string[],
  { set = [] }: RunOptions,
  command: Command,
) {
  const globals = new Map(parseFlags(flagged, command, words));
  for (const { name, value } of set) globals.set(name, parseGlobalValue(flagged.spec, name, value));
  return globals;
}

async function runObject(
  { bytes, options: open, package: packed }: RunInput,
  { file, spec }: FlaggedObject,
  globals: ReadonlyMap<string, BtfValue>,
  options: RunOptions,
): Promise<void> {
  const targets = new Map<string, AttachTarget>();
  for (const program of packed?.programs ?? []) {
    const target = packagedTarget(program);
    if (target) targets.set(program.name, target);
  }
  const programs = choosePrograms(spec, options, targets);
  const unsubscribe = options.syscalls
    ? subscribeSyscalls(event => console.error(formatSyscall(event)))
    : () => {};
  try {
    using object = loadPrograms({ bytes, options: open, globals, programs });
    // A pipe that breaks ends the process, and not all that is attached goes with it.
    const close = () => object.close();
    process.once('exit', close);
    try {
      using stop = new Stop(options.duration);
      const output = new TextOutput(stop, options.output, file);
      try {
        await watch({ object, targets, stop, output, packed, options });
      } finally {
        output.close();
      }
    } finally {
      process.off('exit', close);
    }
  } finally {
    unsubscribe();
  }
}

interface Watch {
  readonly object: BpfObject;
  readonly targets: ReadonlyMap<string, AttachTarget>;
  readonly stop: Stop;
  readonly output: TextOutput;
  readonly packed: RunInput['package'];
  readonly options: RunOptions;
}

async function watch({ object, targets, stop, output, packed, options }: Watch): Promise<void> {
  const { json = false } = options;
  // Readers first, so that the first event of the first program has a place to go.
  const printer = new EventPrinter(options, output, stop);
  const hasEvents = printer.open(object, eventTypes(object, packed, options.event ?? []));
  const hasTrace = options.trace || (!hasEvents && usesPrintk(object.spec));
  if (hasTrace) discardOldTrace();
  const trace = hasTrace ? printTrace(printer, { signal: stop.signal, json }) : undefined;
  const names = await stackNames(object);
  const links = attachPrograms(object, targets);
  const sampled = packed?.maps.some(({ sample }) => sample) ?? false;
  const hasMaps = options.maps || sampled || (!hasEvents && !hasTrace);
  const maps = hasMaps ? new MapPrinter(object, options, output, stop, names, packed?.maps) : undefined;
  await stop.reached;
  await trace;
  for (const link of links) link.close();
  printer.drain();
  maps?.end();
}

/** The programs that are not loaded as their sections say; what they are attached to goes into `targets`. Throws Refusal for a program that is not there. */
function choosePrograms(
  spec: ObjectSpec,
  { attach = [], program: chosen }: RunOptions,
  targets: Map<string, AttachTarget>,
): Record<string, ProgramSettings> {
  const settings: Record<string, ProgramSettings> = {};
  if (chosen) for (const { name } of spec.programs) settings[name] = { autoload: chosen.includes(name) };
  for (const name of chosen ?? []) programNamed(spec, '--program', name);
  for (const { name, value } of attach) {
    const as = attachAs(programNamed(spec, '--attach', name), value, spec.file);
    targets.set(name, as.target);
    settings[name] = as.settings;
  }
  return settings;
}

function programNamed(spec: ObjectSpec, option: string, name: string) {
  const program = spec.programs.find(each => each.name === name);
  if (program) return program;
  const names = spec.programs.map(each => each.name).join(', ') || 'none';
  throw new Refusal(`${option} ${name}: ${spec.file} has no program of this name; there is ${names}`);
}

function packagedTarget({
  ifindex,
  flags = 0,
  direction,
  priority,
  handle,
}: PackageProgram): AttachTarget | undefined {
  if (ifindex === undefined) return undefined;
  if (direction === undefined) {
    const mode = flags & 2 ? 'generic' : flags & 4 ? 'native' : undefined;
    return { kind: 'xdp', interface: ifindex, ...(mode ? { mode } : {}) };
  }
  return {
    kind: 'tc',
    interface: ifindex,
    direction,
    ...(priority === undefined ? {} : { priority }),
    ...(handle === undefined ? {} : { handle }),
  };
}
