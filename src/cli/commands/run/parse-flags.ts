import { Command, type Option } from 'commander';
import type { BtfValue } from '../../../btf/index.js';
import type { ObjectSpec } from '../../../object/index.js';
import type { EbpfPackage } from '../../package/package.js';
import { dashed, type ObjectFlag, objectFlags, shadowed } from './object-flags.js';

/** An object whose flags are on the command line. */
export interface FlaggedObject {
  readonly file: string;
  readonly spec: ObjectSpec;
  readonly package?: EbpfPackage | undefined;
}

/**
 * Reads the flags of an object, `--pid-filter 123`, out of the words that `rawbpf run` does not know. Throws CommanderError for words that the object
 * does not know either.
 */
export function parseFlags(
  object: FlaggedObject,
  run: Command,
  words: readonly string[],
): ReadonlyMap<string, BtfValue> {
  const flags = flagsOf(object, run);
  const command = commandFor(object, run);
  addFlags(command, object.file, flags);
  command.parse(withDashes(words, flags), { from: 'user' });
  const values = new Map<string, BtfValue>();
  for (const { global, fallback } of flags) if (fallback !== undefined) values.set(global.name, fallback);
  for (const flag of flags) {
    const value = givenValue(command, flag);
    if (value !== undefined) values.set(flag.global.name, value);
  }
  return values;
}

/** Prints the help of `rawbpf run FILE`: its own options, then the object's. */
export function printFlagsHelp(object: FlaggedObject, run: Command): void {
  const command = commandFor(object, run);
  for (const option of run.options) command.addOption(option);
  addFlags(command, object.file, flagsOf(object, run));
  command.outputHelp();
}

function flagsOf({ spec, package: packed }: FlaggedObject, run: Command): ObjectFlag[] {
  return objectFlags(spec, packed?.variables ?? [], takenNames(run));
}

/** Names of options that `rawbpf run` has itself, and `no-` those. */
function takenNames(run: Command): Set<string> {
  const options = [...run.options, ...(run.parent?.options ?? [])];
  return new Set(options.flatMap(option => [...longName(option), ...shortName(option)]));
}

function longName({ long }: Option): string[] {
  return long ? [long.replace(/^--/, '')] : [];
}

function shortName({ short }: Option): string[] {
  return short ? [short.replace(/^-/, '')] : [];
}

function commandFor({ file, spec, package: packed }: FlaggedObject, run: Command): Command {
  const command = new Command(`rawbpf run ${file}`)
    .copyInheritedSettings(run)
    .helpOption(false)
    .allowExcessArguments(false)
    .showHelpAfterError(`(rawbpf run ${file} --help tells the flags of this object)`)
    .description(about(packed) ?? `Load ${spec.name}, attach its programs, print its events until Ctrl-C.`);
  const hidden = shadowed(spec, takenNames(run));
  if (hidden.length > 0)
    command.addHelpText(
      'after',
      `\nBy --set NAME=VALUE only, because rawbpf run has an option of that name: ${hidden.join(', ')}`,
    );
  if (packed?.doc.details) command.addHelpText('after', `\n${packed.doc.details}`);
  return command;
}

function addFlags(command: Command, file: string, flags: readonly ObjectFlag[]): void {
  const group = `Flags of ${file}:`;
  for (const { options } of flags) for (const option of options) command.addOption(option.helpGroup(group));
}

function about(packed: EbpfPackage | undefined): string | undefined {
  const { brief, description, version } = packed?.doc ?? {};
  const text = [brief, description].filter(Boolean).join('\n');
  return text && version ? `${text} (${version})` : text || undefined;
}

/** `--pid_filter` is `--pid-filter`. */
function withDashes(words: readonly string[], flags: readonly ObjectFlag[]): string[] {
  const known = new Set(flags.flatMap(({ options }) => options.flatMap(longName)));
  return words.map(word => {
    const [, name = '', rest = ''] = /^--([^=]+)(.*)$/s.exec(word) ?? [];
    return name.includes('_') && known.has(dashed(name)) ? `--${dashed(name)}${rest}` : word;
  });
}

function givenValue(
  command: Command,
  { options: [first, , enable, disable] }: ObjectFlag,
): BtfValue | undefined {
  const given = (option: Option | undefined): unknown => {
    if (!option) return undefined;
    const name = option.attributeName();
    return command.getOptionValueSource(name) === 'cli' ? command.getOptionValue(name) : undefined;
  };
  if (given(enable)) return true;
  if (given(disable)) return false;
  return given(first) as BtfValue | undefined;
}
