import { writeFileSync } from 'node:fs';
import {
  type CodeListingOptions,
  jitedFunctions,
  type ObjectSource,
  openProgram,
  type Program,
  type ProgramCode,
  sourceText,
  xlatedInsns,
} from '../../../programs/index.js';
import { exactJson } from '../../exact-json.js';
import { print, printLines } from '../../output.js';
import { headerText, programHeader } from '../../program-text.js';
import { Refusal } from '../../refusal.js';
import { complain } from '../../report-error.js';
import { Words } from '../../words.js';
import { jitedRecords, xlatedRecords } from './dump-json.js';
import { disassembleMachineCode } from './objdump.js';
import { takePrograms } from './select.js';

type Form = 'xlated' | 'jited';

interface Details extends CodeListingOptions {
  readonly visual: boolean;
  readonly file: string | undefined;
}

/** `rawbpf prog dump xlated|jited PROGRAM [linum] [opcodes] [visual] [file FILE]`: the code of loaded programs. */
export async function dumpPrograms(
  form: Form,
  args: readonly string[],
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const words = new Words(args);
  const sources = takePrograms(words);
  const details = takeDetails(words, form);
  if (sources.length > 1 && (details.file !== undefined || details.visual))
    throw new Refusal(`${sources.length} programs match: file and visual are for one`);
  if (json && details.visual) throw new Refusal('visual is a graph in the DOT language, and has no JSON');
  if (json) return await print(exactJson(documentOf(sources, form, details)));
  for (const [i, source] of sources.entries()) {
    using program = openProgram(source);
    if (sources.length > 1) await print(`${i > 0 ? '\n' : ''}${headerText(named(program))}`);
    await printLines(dumpLines(program, form, details));
  }
}

function takeDetails(words: Words, form: Form): Details {
  let [linum, opcodes, visual] = [false, false, false];
  let file: string | undefined;
  while (words.next !== undefined)
    if (words.skip('linum')) linum = true;
    else if (words.skip('opcodes')) opcodes = true;
    else if (form === 'xlated' && words.skip('visual')) visual = true;
    else if (words.skip('file')) file = words.take('the file to write');
    else words.end();
  if (file !== undefined && (linum || opcodes || visual))
    throw new Refusal('file takes the bytes as they are: no linum, opcodes or visual with it');
  return { linum, opcodes, visual, file };
}

/** One program's instructions alone; of several, each beside what it is called by. */
function documentOf(sources: readonly ObjectSource[], form: Form, details: Details): unknown {
  const documents = sources.map(source => {
    using program = openProgram(source);
    const insns = insnsOf(program, form, details);
    return { header: programHeader(named(program)), insns };
  });
  const [first] = documents;
  return documents.length === 1 ? first?.insns : documents.map(({ header, insns }) => ({ ...header, insns }));
}

function insnsOf(program: Program, form: Form, details: Details): unknown {
  const code = codeOf(program, form);
  if (details.file !== undefined) return write(details.file, code[form]);
  return form === 'xlated'
    ? xlatedRecords(xlatedInsns(code), details)
    : jitedRecords(jitedFunctions(code), details);
}

function dumpLines(program: Program, form: Form, details: Details): Iterable<string> {
  const code = codeOf(program, form);
  if (details.file !== undefined) {
    write(details.file, code[form]);
    return [];
  }
  if (details.visual) return program.graph(details);
  return form === 'xlated' ? program.xlated(details) : jitedLines(program, code, details);
}

/** Throws Refusal when there is none, or the kernel does not show it. */
function codeOf(program: Program, form: Form): ProgramCode {
  const code = program.code();
  if (code[form].length > 0) return code;
  throw new Refusal(
    form === 'jited' && program.info().jitedBytes === 0
      ? `program ${program.name} is interpreted: the kernel made no machine code of it`
      : 'the kernel shows the code of programs only to processes with CAP_PERFMON and CAP_SYS_ADMIN, and where net.core.bpf_jit_harden is less than 2',
  );
}

/** What the program's bytes are written to gets null in JSON. */
function write(file: string, bytes: Uint8Array): null {
  try {
    writeFileSync(file, bytes, { mode: 0o600 });
  } catch (cause) {
    throw new Refusal(`${file}: ${(cause as Error).message}`, { cause });
  }
  return null;
}

/** Machine code in the words of its assembler, or its bytes where the machine has no objdump. */
function* jitedLines(program: Program, code: ProgramCode, options: CodeListingOptions): Generator<string> {
  for (const { proto, name, bytes, address, lines } of jitedFunctions(code)) {
    const insns = disassembleMachineCode(bytes, address);
    if (!insns) {
      complain('there is no objdump here (install binutils): bytes instead of instructions');
      yield* program.jited(options);
      return;
    }
    if (proto !== undefined) yield `${proto}:`;
    yield `${name}:`;
    for (const { pc, text, bytes } of insns) {
      const line = lines.get(pc);
      if (line) yield `; ${sourceText(line, options)}`;
      yield `${pc.toString(16).padStart(4)}:\t${text}`;
      if (options.opcodes)
        yield `\t${[...bytes].map(byte => `${byte.toString(16).padStart(2, '0')} `).join('')}`;
    }
    yield '';
  }
}

const named = (program: Program) => ({ info: program.info(), name: program.fullName() });
