import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Command, CommanderError } from 'commander';
import { RawbpfError } from '../../../errors/index.js';
import { capture, print } from '../../output.js';
import { Refusal } from '../../refusal.js';
import { complain, oneLine } from '../../report-error.js';
import { Words } from '../../words.js';
import { type BatchLine, batchLines } from './batch-lines.js';

/** `rawbpf batch FILE`: runs the commands of a file, one a line. Throws Refusal that names the line of the first that fails. */
export async function runBatch(
  args: readonly string[],
  { json = false }: { readonly json?: boolean },
  create: () => Command,
): Promise<void> {
  const file = fileOf(args);
  const name = file === '-' ? '<stdin>' : file;
  const input = file === '-' ? process.stdin : createReadStream(file);
  // An interface of its own accord ends without a word when there is no such file.
  const failed = new Promise<never>((_, reject) =>
    input.once('error', (cause: Error) => reject(new Refusal(`${file}: ${cause.message}`, { cause }))),
  );
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  await Promise.race([failed, runLines(lines, { name, json, create })]);
}

/** `FILE`, or `file FILE` as bpftool has it. */
function fileOf(args: readonly string[]): string {
  const words = new Words(args);
  const first = words.take('the file');
  if (first !== 'file' || words.next === undefined) {
    words.end();
    return first;
  }
  const file = words.take('the file');
  words.end();
  return file;
}

interface Batch {
  readonly name: string;
  readonly json: boolean;
  readonly create: () => Command;
}

async function runLines(lines: AsyncIterable<string>, batch: Batch): Promise<void> {
  let count = 0;
  if (batch.json) await print('[');
  try {
    for await (const line of batchLines(lines, batch.name)) {
      if (batch.json) await print(`${count > 0 ? ',' : ''}${await document(line, batch)}`);
      else await runLine(line.words, line, batch);
      count++;
    }
  } finally {
    if (batch.json) await print(']');
  }
  complain(`processed ${count} commands`);
}

/** `{"command":["prog","list"],"output":[]}`, on one or more lines. */
async function document(line: BatchLine, batch: Batch): Promise<string> {
  const words = takesJson(batch.create(), line.words) ? [...line.words, '--json'] : line.words;
  const text = (await capture(() => runLine(words, line, batch))).trim();
  return `{"command": ${JSON.stringify(line.words)}, "output": ${jsonOf(text)}}`;
}

function takesJson(program: Command, words: readonly string[]): boolean {
  let command = program;
  for (const word of words) {
    const found = command.commands.find(sub => sub.name() === word || sub.aliases().includes(word));
    if (!found) break;
    command = found;
  }
  return !words.includes('--json') && command.options.some(({ long }) => long === '--json');
}

/** What a command printed: one document, several a line each, plain text, nothing. */
function jsonOf(text: string): string {
  if (text === '') return 'null';
  if (isJson(text)) return text;
  const lines = text.split('\n');
  return lines.every(isJson) ? `[${lines.join(',')}]` : JSON.stringify(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function runLine(words: readonly string[], line: BatchLine, { name, create }: Batch): Promise<void> {
  const place = `${name}:${line.number}: ${line.words.join(' ')}`;
  if (words[0] === 'batch') throw new Refusal(`${place}: a batch of batches is not run`);
  try {
    await create().parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
      throw new Refusal(`${place}: ${error.message.replace(/^error: /, '')}`, { cause: error });
    }
    if (error instanceof RawbpfError) throw new Refusal(`${place}: ${oneLine(error)}`, { cause: error });
    throw error;
  }
}
