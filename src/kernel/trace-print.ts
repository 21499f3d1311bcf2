import { parseTraceLine, type TraceLine, TracePipe, type TracePipeOptions } from './trace-pipe.js';

export interface TracePrintOptions extends TracePipeOptions {
  /** What is done with each text. Default: it is printed to the standard output. */
  readonly print?: (text: string) => void;
}

/** The fields that a format names by number, in BCC's order. */
const numbered = ['task', 'pid', 'cpu', 'flags', 'timestamp', 'message'] as const;

/**
 * What programs print with bpf_printk(), line by line, as BCC's `trace_fields()`: lines that tell of something else, such as events that were lost, are left out.
 * The pipe is opened for the first line, and has what was printed before. Throws as {@link TracePipe} does.
 */
export async function* traceFields(
  options: TracePipeOptions = {},
): AsyncGenerator<TraceLine, void, undefined> {
  for await (const line of TracePipe.open(options)) if (line.event !== '') yield line;
}

/**
 * Prints what programs print until the signal is aborted, as BCC's `trace_print()`: lines as they are, or by a format, `{pid}: {message}` or, by number as in
 * BCC, `{1}: {5}` (task, pid, cpu, flags, timestamp, message), or by a function. Throws TypeError for a field that there is not, and as {@link TracePipe} does.
 */
export async function tracePrint(
  format: string | ((line: TraceLine) => string) = '{raw}',
  { print = text => console.log(text), ...options }: TracePrintOptions = {},
): Promise<void> {
  const textOf = typeof format === 'function' ? format : formatter(format);
  const lines = format === '{raw}' ? TracePipe.open(options) : traceFields(options);
  for await (const line of lines) print(textOf(line));
}

/** `{{` and `}}` are braces. */
function formatter(format: string): (line: TraceLine) => string {
  const known = parseTraceLine('');
  const nameOf = (field: string): keyof TraceLine => {
    const name = numbered[Number(field)] ?? field;
    if (field === '' || !Object.hasOwn(known, name))
      throw new TypeError(`format ${format}: no field {${field}}: ${Object.keys(known).join(', ')}`);
    return name as keyof TraceLine;
  };
  const parts = format.split(/(\{\{|\}\}|\{[^{}]*\})/).map((part, i) => {
    if (i % 2 === 0) return () => part;
    if (part.length === 2 && part !== '{}') return () => part.charAt(0);
    const name = nameOf(part.slice(1, -1));
    return (line: TraceLine) => String(line[name]);
  });
  return line => parts.map(part => part(line)).join('');
}
