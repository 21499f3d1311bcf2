import type { Argument, Command, Option } from 'commander';
import { printLines } from '../output.js';
import { type Candidate, interfaces, objectPrograms, objects, type Property } from './live-words.js';

/** What may stand in a place: words, and paths. */
interface Place {
  readonly words: readonly Candidate[];
  readonly files: boolean;
}

/** Prints what may stand where the last of these words is begun; `program` is the whole command line. */
export async function printCandidates(program: Command, words: readonly string[]): Promise<void> {
  const begun = words.at(-1) ?? '';
  const place = await placeAfter(program, words.slice(0, -1), begun);
  const lines = place.words
    .filter(({ word }) => word.startsWith(begun))
    .map(({ word, description }) => `${word}\t${firstSentence(description)}`);
  await printLines(place.files ? [...lines, ':files'] : lines);
}

async function placeAfter(program: Command, before: readonly string[], begun: string): Promise<Place> {
  let command = program;
  const given: string[] = [];
  let pending: Option | undefined;
  for (const word of before) {
    const below = given.length === 0 && !pending ? subcommand(command, word) : undefined;
    if (below) command = below;
    else if (pending) pending = undefined;
    else if (word.startsWith('-')) pending = optionWithValue(command, word);
    else given.push(word);
  }
  if (pending) return optionValue(pending, given);
  if (begun.startsWith('-')) return { words: optionsOf(command), files: false };
  const commands = given.length === 0 ? visible(command) : [];
  const argument = await argumentAfter(command, given);
  return { words: [...commands, ...argument.words], files: argument.files };
}

/** What may stand as the next argument of a command. */
async function argumentAfter(command: Command, given: readonly string[]): Promise<Place> {
  const declared = command.registeredArguments;
  const last = declared.at(-1);
  const argument = declared[given.length] ?? (last?.variadic ? last : undefined);
  if (!argument) return { words: [], files: false };
  const live = await wordsAfter(given.at(-1), kindOf(command, given));
  if (live) return live;
  if (argument.argChoices) return { words: argument.argChoices.map(plain), files: false };
  const file = declared[0]?.name() === 'file' ? given[0] : undefined;
  if (argument.name() === 'program' && file !== undefined)
    return { words: objectPrograms(file), files: false };
  const words = keywords(argument.description).map(plain);
  return { words, files: takesPath(argument) || words.length === 0 };
}

/** What follows a keyword: `id`, `name`, `tag`, `pinned`, `file`, `dev`. */
async function wordsAfter(keyword: string | undefined, kind: string): Promise<Place | undefined> {
  switch (keyword) {
    case 'id':
    case 'name':
    case 'tag':
      return { words: await objects(kind, keyword satisfies Property), files: false };
    case 'pinned':
    case 'file':
      return { words: [], files: true };
    case 'dev':
      return { words: interfaces(), files: false };
    default:
      return undefined;
  }
}

/** Of what `id 7` is the id: of the noun before it (`map id 7`), or else of the command's noun. */
function kindOf(command: Command, given: readonly string[]): string {
  return ['prog', 'map', 'link', 'btf'].find(kind => kind === given.at(-2)) ?? command.parent?.name() ?? '';
}

function optionValue(option: Option, given: readonly string[]): Place {
  if (option.argChoices) return { words: option.argChoices.map(plain), files: false };
  if (option.long === '--program' && given[0] !== undefined)
    return { words: objectPrograms(given[0]), files: false };
  return { words: [], files: /<(?:file|path|folder|dir)>/.test(option.flags) };
}

/** The words of bpftool's kind that an argument's description has: `id ID`, `key DATA`, `linum: …`, `[any|noexist]`. */
function keywords(description: string): string[] {
  const beforeValue = description.matchAll(
    /\b([a-z][a-z_]+) (?:ID|N|NAME|TAG|PATH|DATA|TYPE|SIZE|FILE|DIR|DEV|MAP|PROG|PROGRAM|LINK)\b/g,
  );
  const explained = description.matchAll(/(?:^|[;,] |then )([a-z][a-z_]+): /g);
  const oneOf = description.matchAll(/\[([a-z][a-z_|]*)\]/g);
  const found = [...beforeValue, ...explained, ...oneOf].flatMap(([, words = '']) => words.split('|'));
  return [...new Set(found)];
}

function takesPath(argument: Argument): boolean {
  return (
    /^(?:files?|object|path|source|folder|cgroup|root|link-dir)$/.test(argument.name()) ||
    /\bpath\b|\bPATH\b/.test(argument.description)
  );
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find(below => below.name() === word || below.aliases().includes(word));
}

function visible(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(below => below.name() !== 'help')
    .flatMap(below =>
      [below.name(), ...below.aliases()].map(word => ({ word, description: below.description() })),
    );
}

function optionsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  help.showGlobalOptions = true;
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(option =>
    [option.long, option.short].flatMap(word => (word ? [{ word, description: option.description }] : [])),
  );
}

function optionWithValue(command: Command, word: string): Option | undefined {
  const named = command.options.find(({ long, short }) => word === long || word === short);
  return named?.required ? named : undefined;
}

const plain = (word: string): Candidate => ({ word, description: '' });

function firstSentence(text: string): string {
  return text.replace(/(?:\.\s|\n).*/s, '').replace(/\.$/, '');
}
