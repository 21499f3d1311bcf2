import { readLog, type SourceLine } from './verifier-lines.js';
import type { VerifierFault } from './verifier-log.js';
import { formatSource, type SourceAt } from './verifier-source.js';
import { readState } from './verifier-state.js';

interface Step {
  readonly index: number;
  readonly text: string;
  readonly after: string | undefined;
  readonly source: SourceLine | undefined;
  /** Where the verifier turned to another path before it: `from 9 to 15`. */
  readonly turn: string | undefined;
}

/** What is listed and how. */
export interface ListingOptions {
  /** How many instructions before the fault are listed. Default: 30. */
  readonly before?: number;
}

const textWidth = 36;

/**
 * The path to the fault, last instruction last: the lines of C, below each its instructions with the registers that they changed, and
 * what registers held where it went wrong.
 */
export function listFault(
  log: string,
  fault: VerifierFault,
  sourceAt: SourceAt,
  { before = 30 }: ListingOptions = {},
): string[] {
  const { steps, leftOut } = lastSteps(log, sourceAt, fault.index === undefined ? 0 : before + 1);
  const out = leftOut > 0 ? [`  (${leftOut} instructions before)`] : [];
  let shown: string | undefined;
  for (const [at, step] of steps.entries()) {
    const source = step.source && formatSource(step.source);
    if (step.turn !== undefined) out.push(`  (another path: ${step.turn})`);
    if (source !== undefined && source !== shown) out.push(`  ${source}`);
    shown = source ?? shown;
    const marked = at === steps.length - 1 ? '>' : ' ';
    const after = step.after ? `${step.text.padEnd(textWidth)} ${withoutScratches(step.after)}` : step.text;
    out.push(`  ${marked} ${String(step.index).padStart(5)}: ${after}`);
  }
  const indent = ' '.repeat(11);
  for (const [name, value] of used(fault)) out.push(`${indent}before it: ${name} = ${value}`);
  if (fault.reason)
    out.push(...fault.reason.split('; ').map(line => `${fault.index === undefined ? '  ' : indent}${line}`));
  if (fault.taken) out.push(`${indent}the reference was taken at ${formatSource(fault.taken)}`);
  return out;
}

/** The last `count` instructions that the verifier walked. */
function lastSteps(log: string, sourceAt: SourceAt, count: number): { steps: Step[]; leftOut: number } {
  const steps: Step[] = [];
  let leftOut = 0;
  let source: SourceLine | undefined;
  let turn: string | undefined;
  for (const entry of readLog(log)) {
    if (entry.kind === 'source') source = entry.source;
    if (entry.kind === 'path') turn = entry.text;
    if (entry.kind !== 'insn') continue;
    const { index, text, after } = entry;
    steps.push({ index, text, after, source: source && placed(source, sourceAt(index)), turn });
    turn = undefined;
    if (steps.length <= count) continue;
    steps.shift();
    leftOut++;
  }
  return { steps, leftOut };
}

/** The log's line with the file and number from the object's line info, where the log has none and they speak of the same. */
export function placed(source: SourceLine, known: SourceLine | undefined): SourceLine {
  return source.file === undefined && known?.text === source.text ? known : source;
}

/** Registers that the instruction or the complaint names. */
function used({ instruction = '', reason = '', state }: VerifierFault): [string, string][] {
  const text = `${instruction.replace(/^\d+: \(\w+\) /, '')} ${reason}`;
  const names = new Set([...text.matchAll(/\b[rRw](\d+)\b/g)].map(([, number]) => `R${number}`));
  if (/^\d+: \(85\) call /.test(instruction)) for (const name of argumentsOf) names.add(name);
  return Object.entries(state).filter(([name]) => names.has(name));
}

const argumentsOf = ['R1', 'R2', 'R3', 'R4', 'R5'];

/** Without the marks of liveness that older kernels print: `R0_w=4` is `R0=4`. */
function withoutScratches(state: string): string {
  const frame = /^frame\d+: ?/.exec(state)?.[0] ?? '';
  const refs = /\brefs=[\d,]+/.exec(state)?.[0];
  const values = readState(state).map(([name, value]) => `${name}=${value}`);
  return [frame.trim(), ...values, refs].filter(Boolean).join(' ');
}
