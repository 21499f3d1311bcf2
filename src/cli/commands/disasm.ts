import { disassemble, insnSize } from '../../insn/index.js';
import { type FunctionSpec, type ObjectSpec, parseObject, reachableFunctions } from '../../object/index.js';
import { print, printLines } from '../output.js';
import { paint } from '../paint.js';
import { readInput } from '../read-input.js';
import { referenceNames } from '../reference-names.js';
import { Refusal } from '../refusal.js';

/** `rawbpf disasm FILE [PROGRAM]`: instructions under the source lines that they were compiled from. */
export async function disasm(file: string, name?: string): Promise<void> {
  const spec = parseObject(readInput(file), { file });
  const functions = name === undefined ? [...spec.programs, ...spec.subprogs] : reached(spec, name);
  if (functions.length === 0) return await print(`${file} has no programs`);
  await printLines(functions.flatMap((f, i) => [...(i > 0 ? [''] : []), ...listing(spec, f)]));
}

function* listing(spec: ObjectSpec, f: FunctionSpec): Generator<string> {
  yield `${paint('bold', f.name)} (${f.section}, ${f.insns.length / insnSize} insns):`;
  const lines = new Map(f.lineInfo.map(line => [(line.insnOffset - f.sectionOffset) / insnSize, line]));
  const width = String(f.insns.length / insnSize).length + 4;
  let at = '';
  for (const { index, text } of disassemble(f.insns, spec.endian, { reference: referenceNames(spec, f) })) {
    const line = lines.get(index);
    const place = line ? `${line.file}:${line.line}` : at;
    // A line has several entries where it has several columns.
    if (line && place !== at) yield paint('dim', `; ${line.text.trim()} @ ${place}`);
    at = place;
    yield `${String(index).padStart(width)}: ${text}`;
  }
}

/** The function of that name; a program with the functions that it calls. */
function reached(spec: ObjectSpec, name: string): readonly FunctionSpec[] {
  const program = spec.programs.find(p => p.name === name);
  if (program) return reachableFunctions(spec, program);
  const subprog = spec.subprogs.find(f => f.name === name);
  if (subprog) return [subprog];
  const names = [...spec.programs, ...spec.subprogs].map(f => f.name).join(', ');
  throw new Refusal(`${spec.file}: no program ${name}; there is ${names || 'none'}`);
}
