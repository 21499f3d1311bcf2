import { InvalidArgumentError } from 'commander';

/** One `--set NAME=VALUE`. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
}

export function assignment(text: string, before: readonly Assignment[] = []): readonly Assignment[] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must read NAME=VALUE.');
  return [...before, { name, value }];
}

/** Of an option that may be repeated. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

export function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

export function positiveSeconds(text: string): number {
  const number = Number(text);
  if (!(number > 0) || number * 1000 >= 2 ** 31)
    throw new InvalidArgumentError('It must be a number of seconds.');
  return number;
}
