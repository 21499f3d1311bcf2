import { RawbpfError } from '../errors/index.js';
import { type Diagnostic, parseDiagnostics } from './diagnostics.js';

/**
 * C source did not become an object: the compiler refused it, or there is no compiler. The message is the first error, as
 * `FILE:LINE:COLUMN: error: what`; `explain()` is all that the compiler wrote, source lines included, and what to do where that is known.
 */
export class CompileError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_COMPILE';
  /** All that the compiler wrote. */
  readonly output: string;
  readonly hint: string | undefined;

  constructor(source: string, reason: string, output = '', options: ErrorOptions & { hint?: string } = {}) {
    super(headline(source, reason, parseDiagnostics(output), options.hint), options);
    this.output = output;
    this.hint = options.hint;
  }

  /** Every error, warning and note, in the compiler's order; empty where the compiler did not run. */
  get diagnostics(): readonly Diagnostic[] {
    return parseDiagnostics(this.output);
  }

  override explain(): string {
    // Where clang itself gives up, its stack follows what it says.
    const said = this.output.replace(/^PLEASE submit a bug report[\s\S]*/m, '').trimEnd();
    return said ? [said, this.hint].filter(Boolean).join('\n') : this.message;
  }
}

function headline(
  source: string,
  reason: string,
  diagnostics: readonly Diagnostic[],
  hint: string | undefined,
): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const text = first ? placed(first) : `${source}: ${reason}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${text}${more}${hint ? `: ${hint}` : ''}`;
}

function placed({ file, line, column, severity, message }: Diagnostic): string {
  const place =
    file === undefined ? '' : `${[file, line, column].filter(part => part !== undefined).join(':')}: `;
  return `${place}${severity}: ${message}`;
}
