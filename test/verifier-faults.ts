import { release } from 'node:os';
import { BpfObject, VerifierError } from '../src/index.js';
import { fixtureBytes } from './repository.js';

/** What became of one of the programs in bpf/test-verifier-faults.bpf.c. */
export interface FaultResult {
  /** `loads`, the errno of a VerifierError, else the error's code. */
  readonly outcome: string;
  /** The verifier's log, else the error's message. */
  readonly text: string;
}

const gpl = 'GPL\0';
const otherLicense = 'MIT\0';

/** Names of the programs, in the order of the object. */
export function faultNames(): string[] {
  return BpfObject.open(fixtureBytes('test-verifier-faults')).spec.programs.map(program => program.name);
}

/** The object, with the license that one of its programs is to be refused for. */
export function faultBytes(name: string): Uint8Array {
  const bytes = Uint8Array.from(fixtureBytes('test-verifier-faults'));
  if (name === 'gpl_only') bytes.set(Buffer.from(otherLicense), Buffer.from(bytes).indexOf(gpl));
  return bytes;
}

/** Loads one of the programs alone; returns what that threw. */
export function loadFault(name: string): unknown {
  using obj = BpfObject.open(faultBytes(name), { file: 'faults.bpf.o' });
  try {
    obj.load({ programs: [name] });
    return undefined;
  } catch (error) {
    return error;
  }
}

export function faultResult(name: string): FaultResult {
  const error = loadFault(name);
  if (error === undefined) return { outcome: 'loads', text: '' };
  if (error instanceof VerifierError) return { outcome: error.errnoName, text: error.log };
  const { code = 'unknown', message } = error as Error & { code?: string };
  return { outcome: code, text: message };
}

/** Bytes of a log's beginning and end that a golden keeps. */
const keptAtEach = 3000;

/** One program's part of a golden. */
export function formatGolden(name: string, { outcome, text }: FaultResult): string {
  const long = text.length > 3 * keptAtEach;
  const head = text.slice(0, text.indexOf('\n', keptAtEach) + 1);
  const tail = text.slice(text.indexOf('\n', text.length - keptAtEach) + 1);
  const kept = long ? `${head}[left out: ${text.length - head.length - tail.length} bytes]\n${tail}` : text;
  return `=== ${name}: ${outcome}\n${kept.trimEnd()}${kept ? '\n' : ''}`;
}

/** Reads a golden back, by program. */
export function parseGolden(golden: string): Map<string, FaultResult> {
  const results = new Map<string, FaultResult>();
  for (const part of golden.split(/^=== /m).slice(1)) {
    const end = part.indexOf('\n');
    const [name = '', outcome = ''] = part.slice(0, end).split(': ');
    results.set(name, { outcome, text: part.slice(end + 1) });
  }
  return results;
}

/** `6.18` of `6.18.44-cloud`: what a golden is named for. */
export function kernelSeries(of = release()): string {
  return of.split('.').slice(0, 2).join('.');
}
