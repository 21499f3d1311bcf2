import { RawbpfError } from '../errors/index.js';
import { paint } from './paint.js';
import { printableOn } from './printable.js';
import { Refusals } from './refusal.js';

/** Prints an error on stderr: one line for what rawbpf throws on purpose (the long story when verbose), the stack for a defect. */
export function reportError(error: unknown, verbose: boolean): void {
  if (error instanceof Refusals) for (const each of error.errors) reportError(each, verbose);
  else if (!(error instanceof RawbpfError)) console.error(error);
  else if (verbose || process.env['RAWBPF_VERBOSE'] || showsSource(error)) complain(error.explain());
  else complain(oneLine(error));
}

/** Whether the long story is what one reads first: a compiler's errors, with their source lines. */
function showsSource({ code }: RawbpfError): boolean {
  return code === 'ERR_RAWBPF_COMPILE';
}

/** A message on stderr, after the name of the command. */
export function complain(message: string): void {
  console.error(`${paint('red', 'rawbpf:', process.stderr)} ${printableOn(process.stderr, message)}`);
}

export function oneLine(error: RawbpfError): string {
  return error.message.replaceAll(/\s*\n\s*/g, ' ');
}
