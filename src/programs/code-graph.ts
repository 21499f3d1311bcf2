import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_PSEUDO_CALL,
  BPF_X,
  type Insn,
} from '../insn/index.js';
import { type CodeInsn, type CodeListingOptions, opcodesText, xlatedInsns } from './code-listing.js';
import type { CodeLine, ProgramCode } from './program-code.js';

/** Instructions that run one after another: jumps lead to the first, and from the last. */
interface Block {
  readonly insns: readonly CodeInsn[];
  /** The line of source that the first is of. */
  readonly headLine: CodeLine | undefined;
  /** Slots where it goes on; `exit` for the end of the function. */
  readonly next: (number | 'exit')[];
}

/**
 * The control flow of a loaded program as a graph in the DOT language, each function a cluster, in the words of `bpftool prog dump xlated visual`:
 * `rawbpf prog dump xlated id 7 visual | dot -Tsvg`.
 */
export function* codeGraph(code: ProgramCode, options: CodeListingOptions = {}): Generator<string> {
  const insns = xlatedInsns(code);
  yield 'digraph "DOT graph for eBPF program" {';
  const starts = new Set(code.functions.map(({ index }) => index));
  for (const [i, body] of functionsOf(insns, starts).entries()) {
    yield `subgraph "cluster_${i}" {\n\tstyle="dashed";\n\tcolor="black";\n\tlabel="func_${i} ()";`;
    yield* cluster(`fn_${i}_bb_`, blocksOf(body), options);
    yield '}';
  }
  yield '}';
}

/** ENTRY is block 0 and EXIT block 1. */
function* cluster(prefix: string, blocks: readonly Block[], options: CodeListingOptions): Generator<string> {
  const numbers = new Map(blocks.map((block, i) => [block.insns[0]?.index ?? -1, i + 2]));
  const node = (number: number, shape: string, label: string): string =>
    `\t${prefix}${number} [shape=${shape},style=filled,label="${label}"];\n`;
  const edge = (from: number, to: number): string =>
    `\t${prefix}${from}:s -> ${prefix}${to}:n [style="solid,bold", color=black, weight=10, constraint=true];`;
  yield node(0, 'Mdiamond', 'ENTRY');
  for (const [i, block] of blocks.entries())
    yield node(i + 2, 'record', `{\\\n${blockText(block, options)}}`);
  yield node(1, 'Mdiamond', 'EXIT');
  yield edge(0, 2);
  for (const [i, block] of blocks.entries())
    for (const next of block.next) yield edge(i + 2, next === 'exit' ? 1 : (numbers.get(next) ?? 1));
  yield `\t${prefix}0:s -> ${prefix}1:n [style="invis", constraint=true];`;
}

/** A function begins where its types say so, and wherever a call goes. */
function functionsOf(insns: readonly CodeInsn[], known: ReadonlySet<number>): CodeInsn[][] {
  const starts = new Set(known);
  for (const { index, insn } of insns)
    if (insn.code === (BPF_JMP | BPF_CALL) && insn.src === BPF_PSEUDO_CALL) starts.add(index + 1 + insn.off);
  return split(insns, index => starts.has(index));
}

function blocksOf(insns: readonly CodeInsn[]): Block[] {
  const heads = new Set<number>();
  for (const { index, slots, insn } of insns)
    if (isJump(insn)) {
      heads.add(index + slots);
      for (const target of targetsOf(index, insn)) heads.add(target);
    }
  let line: CodeLine | undefined;
  return split(insns, index => heads.has(index)).map(block => {
    const headLine = block[0]?.line ?? line;
    line = block.findLast(insn => insn.line)?.line ?? line;
    return { insns: block, headLine, next: nextOf(block) };
  });
}

function split(insns: readonly CodeInsn[], isHead: (index: number) => boolean): CodeInsn[][] {
  const parts: CodeInsn[][] = [];
  for (const insn of insns) {
    if (parts.length === 0 || isHead(insn.index)) parts.push([]);
    parts.at(-1)?.push(insn);
  }
  return parts;
}

function nextOf(block: readonly CodeInsn[]): (number | 'exit')[] {
  const last = block.at(-1);
  if (!last) return [];
  const { index, slots, insn } = last;
  if (insn.code === (BPF_JMP | BPF_EXIT)) return ['exit'];
  return [...(goesOn(insn) ? [index + slots] : []), ...(isJump(insn) ? targetsOf(index, insn) : [])];
}

/** What ends a block: jumps and exits, not calls. */
function isJump({ code }: Insn): boolean {
  const kind = code & 7;
  return (kind === BPF_JMP || kind === BPF_JMP32) && (code & 0xf0) !== BPF_CALL;
}

/** Whether the next instruction may follow. */
const goesOn = (insn: Insn): boolean => !isJump(insn) || (insn.code & 0xf0) !== BPF_JA;

/** Where a jump leads; where an indirect one does is not in the code. */
function targetsOf(index: number, { code, off, imm }: Insn): number[] {
  if (code === (BPF_JMP | BPF_EXIT) || code === (BPF_JMP | BPF_JA | BPF_X)) return [];
  return [index + 1 + (code === (BPF_JMP32 | BPF_JA) ? imm : off)];
}

function blockText({ insns, headLine }: Block, options: CodeListingOptions): string {
  const rows = insns.map(({ index, insn, text, bytes, proto, line: own }, i) => {
    const line = i === 0 ? headLine : own;
    const above = [...(proto === undefined ? [] : [`${proto}:`]), ...(line ? linesText(line, options) : [])];
    const code = (insn.code & 0xff).toString(16).padStart(2, '0');
    const opcodes = options.opcodes ? `\\ \\ \\ \\ ${opcodesText(bytes)}${end}` : '';
    return `${above.map(text => `; ${text}${end}`).join('')}${index}: (${code}) ${escaped(text)}${end}${opcodes}`;
  });
  return rows.join('| ');
}

/** Left-aligned, and the label goes on in the next line. */
const end = '\\l\\\n';

function linesText({ text, file, line, column }: CodeLine, { linum }: CodeListingOptions): string[] {
  if (text === '') return [];
  return [...(linum ? [`[${label(shortened(file))} line:${line} col:${column}]`] : []), label(text)];
}

/** What a record's label gives a meaning to. */
const escaped = (text: string): string => text.replace(/[<>|&]/g, '\\$&');
const label = (text: string): string => text.replace(/[\\"{}<>| ]/g, '\\$&');

/** The end of a long path, from a slash on. */
function shortened(path: string): string {
  const longest = 32;
  if (path.length <= longest) return path;
  const slash = path.indexOf('/', path.length - longest);
  if (slash >= 0) return slash < 3 ? path : `...${path.slice(slash)}`;
  return path.includes('/') ? `...${path.slice(path.lastIndexOf('/'))}` : path;
}
