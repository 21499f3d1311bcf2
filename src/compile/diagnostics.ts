/** One remark of the compiler. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  /** Undefined where it is about no file: an option, the compiler's back end. */
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  /** From 1. */
  readonly column: number | undefined;
  /** The source lines and the marks below them, as the compiler shows them. */
  readonly snippet: readonly string[];
}

const inFile = /^(.+?):(\d+):(\d+): (?:fatal )?(error|warning|note): (.*)$/;
/** What clang's back end writes has the place after the severity, or none. */
const fromBackEnd = /^(?:clang(?:-\d+)?: )?(?:fatal )?(error|warning): (?:([^\s:<>]+):(\d+):(\d+): )?(.*)$/;

/** Reads clang's text output. Lines that belong to no remark (`In file included from …`, `2 errors generated.`) are left out. */
export function parseDiagnostics(output: string): Diagnostic[] {
  const found: (Diagnostic & { snippet: string[] })[] = [];
  for (const line of output.split('\n')) {
    const remark = parseLine(line);
    if (remark) found.push({ ...remark, snippet: [] });
    else if (isSource(line)) found.at(-1)?.snippet.push(line);
  }
  return found;
}

/** Source lines have their number and a bar before them (clang 16), or are as they are, with marks below; not frames of a crash. */
function isSource(line: string): boolean {
  return (
    line.trim() !== '' &&
    !/^\s*#\d+ 0x/.test(line) &&
    !/^(?:In file included from |\d+ (?:error|warning)s? |PLEASE |Stack dump:|\d+\.\t)/.test(line)
  );
}

function parseLine(text: string): Omit<Diagnostic, 'snippet'> | undefined {
  const front = inFile.exec(text);
  if (front) {
    const [, file, line, column, severity, message = ''] = front;
    return {
      severity: severity as Diagnostic['severity'],
      message,
      file,
      line: Number(line),
      column: Number(column),
    };
  }
  const back = fromBackEnd.exec(text);
  if (!back) return undefined;
  const [, severity, file, line, column, message = ''] = back;
  const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
  return {
    severity: severity as Diagnostic['severity'],
    message,
    file,
    line: number(line),
    column: number(column),
  };
}
