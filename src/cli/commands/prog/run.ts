import { readFileSync } from 'node:fs';
import { openProgram } from '../../../programs/index.js';
import { exactJson } from '../../exact-json.js';
import { hexDump } from '../../hex-dump.js';
import { print, printLines } from '../../output.js';
import { readInput } from '../../read-input.js';
import { Refusal } from '../../refusal.js';
import { Words } from '../../words.js';
import { writeOutput } from '../../write-output.js';
import { takeProgram } from './select.js';

/** What a file of `data_in`, `ctx_in`, … is that stands for stdin or stdout. */
const dash = '-';

type FileWord = 'data_in' | 'data_out' | 'ctx_in' | 'ctx_out';
const fileWords: readonly FileWord[] = ['data_in', 'data_out', 'ctx_in', 'ctx_out'];

interface RunWords {
  readonly files: Readonly<Partial<Record<FileWord, string>>>;
  readonly repeat: number;
}

/** `rawbpf prog run PROGRAM [data_in FILE] [data_out FILE] [ctx_in FILE] [ctx_out FILE] [repeat N]`: runs a program by request, on what the files have. */
export async function runProgram(
  args: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<void> {
  const words = new Words(args);
  const source = takeProgram(words);
  const { files, repeat } = takeRun(words);
  const { data_in, data_out, ctx_in, ctx_out } = files;
  if (data_in === dash && ctx_in === dash)
    throw new Refusal('data_in and ctx_in cannot both be standard input');
  using program = openProgram(source);
  const result = program.testRun({
    ...(data_in === undefined ? {} : { data: input(data_in) }),
    ...(ctx_in === undefined ? {} : { context: input(ctx_in) }),
    ...(repeat === 1 ? {} : { repeat }),
  });
  const context = result.context instanceof Uint8Array ? result.context : new Uint8Array(0);
  const outputs = [
    ['data_out', data_out, result.data],
    ['ctx_out', ctx_out, context],
  ] as const;
  for (const [, file, bytes] of outputs)
    if (file !== undefined && file !== dash && bytes.length > 0) writeOutput(file, bytes, []);
  const shown = outputs.filter(([, file, bytes]) => file === dash && bytes.length > 0);
  const { returnValue: retval, durationNs: duration } = result;
  if (json) {
    const bytes = shown.map(([name, , bytes]) => [name, [...bytes].map(byteText)]);
    return await print(exactJson({ ...Object.fromEntries(bytes), retval, duration }));
  }
  for (const [, , bytes] of shown) await printLines(hexDump(bytes));
  await print(`Return value: ${retval}, duration${repeat > 1 ? ' (average)' : ''}: ${duration}ns`);
}

function takeRun(words: Words): RunWords {
  const files: Partial<Record<FileWord, string>> = {};
  let repeat = 1;
  while (words.next !== undefined) {
    const word = fileWords.find(word => words.skip(word));
    if (word) files[word] = words.take(`the file of ${word}`);
    else if (words.skip('repeat')) repeat = takeNumber(words, 'repeat');
    // What a program gives is as long as it is: there is no buffer to size.
    else if (words.skip('data_size_out')) takeNumber(words, 'data_size_out');
    else if (words.skip('ctx_size_out')) takeNumber(words, 'ctx_size_out');
    else words.end();
  }
  return { files, repeat };
}

function takeNumber(words: Words, what: string): number {
  const text = words.take(`the number of ${what}`);
  const number = Number(text);
  if (text === '' || !Number.isInteger(number) || number < 0 || number > 0xffff_ffff)
    throw new Refusal(`${what} ${text}: must be a number from 0 to 4294967295`);
  return number;
}

function input(file: string): Uint8Array {
  return file === dash ? readFileSync(0) : readInput(file);
}

const byteText = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
