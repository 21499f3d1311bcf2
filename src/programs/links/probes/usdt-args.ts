import { FormatError } from '../../../errors/index.js';

/** Where a static probe has an argument when it is hit. Offsets of registers are bytes in `struct pt_regs`, as programs see it. */
export interface UsdtArg {
  readonly type: UsdtArgType;
  /** The constant, or what is added to the address. */
  readonly value: bigint;
  /** Offset of the register; 0 for a constant. */
  readonly register: number;
  /** Offset of the register that is scaled and added; 0 unless the type is SIB. */
  readonly index: number;
  /** log2 of the scale. */
  readonly scaleShift: number;
  readonly signed: boolean;
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
}

/** `enum __bpf_usdt_arg_type` of libbpf's usdt.bpf.h. */
export const UsdtArgType = { CONST: 0, REG: 1, REG_DEREF: 2, SIB: 3 } as const;
export type UsdtArgType = (typeof UsdtArgType)[keyof typeof UsdtArgType];

export type UsdtArch = 'x64' | 'arm64';

/** The words behind `SIZE@`, by what is in them. */
interface Place {
  readonly type: UsdtArgType;
  readonly value?: string | undefined;
  readonly register?: string | undefined;
  readonly index?: string | undefined;
  readonly scale?: string | undefined;
}

type Grammar = readonly (readonly [RegExp, (words: readonly (string | undefined)[]) => Place])[];

const { CONST, REG, REG_DEREF, SIB } = UsdtArgType;

const grammars: Readonly<Record<UsdtArch, Grammar>> = {
  // 8@%rdi, -4@-20(%rbp), 8@(%rsp), 1@-96(%rbp,%rax,8), 4@$71
  x64: [
    [
      /(-?\d+)?\s*\(\s*%(\w+)\s*,\s*%(\w+)\s*(?:,\s*(\d+)\s*)?\)/y,
      ([value, register, index, scale = '1']) => ({ type: SIB, value, register, index, scale }),
    ],
    [/(-?\d+)?\s*\(\s*%(\w+)\s*\)/y, ([value, register]) => ({ type: REG_DEREF, value, register })],
    [/%(\w+)/y, ([register]) => ({ type: REG, register })],
    [/\$(-?\d+)/y, ([value]) => ({ type: CONST, value })],
  ],
  // -8@x4, -4@[sp, 96], 8@[x0], 4@5
  arm64: [
    [/\[\s*(\w+)\s*(?:,\s*(-?\d+)\s*)?\]/y, ([register, value]) => ({ type: REG_DEREF, value, register })],
    [/(-?\d+)/y, ([value]) => ({ type: CONST, value })],
    [/(\w+)/y, ([register]) => ({ type: REG, register })],
  ],
};

/**
 * The arguments of a static probe out of the words of its note: `-4@%edi 8@-16(%rbp)`. Throws FormatError, with what it is about, for words that are not
 * known: among them floating point (`8f@%xmm0`), which programs cannot read, and addresses by symbol (`4@counter(%rip)`).
 */
export function parseUsdtArgs(
  text: string,
  arch: UsdtArch,
  place: { file?: string; field?: string } = {},
): UsdtArg[] {
  const args: UsdtArg[] = [];
  const bad = (reason: string): FormatError =>
    new FormatError(`argument ${args.length} of ${JSON.stringify(text)}: ${reason}`, {
      section: '.note.stapsdt',
      ...place,
    });
  for (let at = 0; text.slice(at).trim(); ) {
    const size = match(/\s*(-?\d+)(f?)\s*@\s*/y, text, at);
    if (!size) throw bad('it does not begin with SIZE@');
    if (size.words[1]) throw bad('a number of floating point, which programs cannot read');
    const bytes = Number(size.words[0]);
    if (![1, 2, 4, 8].includes(Math.abs(bytes))) throw bad(`a size of ${bytes} bytes`);
    const found = firstMatch(grammars[arch], text, size.end);
    if (!found) throw bad(`${JSON.stringify(text.slice(size.end).split(' ')[0])} is no place that is known`);
    const { type, value = '0', register, index, scale = '1' } = found.place;
    const scaleShift = ['1', '2', '4', '8'].indexOf(scale);
    if (scaleShift < 0) throw bad(`a scale of ${scale}`);
    const offsetOf = (name: string | undefined): number => {
      if (name === undefined) return 0;
      const offset = registerOffset(name, arch);
      if (offset === undefined) throw bad(`there is no register ${name}`);
      return offset;
    };
    args.push({
      type,
      value: BigInt(value),
      register: offsetOf(register),
      index: offsetOf(index),
      scaleShift,
      signed: bytes < 0,
      size: Math.abs(bytes),
    });
    at = found.end;
  }
  return args;
}

function firstMatch(grammar: Grammar, text: string, at: number): { place: Place; end: number } | undefined {
  for (const [pattern, placeOf] of grammar) {
    const found = match(pattern, text, at);
    // The whole word has to be understood.
    if (found && /^(\s|$)/.test(text.slice(found.end)))
      return { place: placeOf(found.words), end: found.end };
  }
  return undefined;
}

function match(
  pattern: RegExp,
  text: string,
  at: number,
): { words: (string | undefined)[]; end: number } | undefined {
  pattern.lastIndex = at;
  const [whole, ...words] = pattern.exec(text) ?? [];
  return whole === undefined ? undefined : { words, end: at + whole.length };
}

/** `struct pt_regs` of arch/x86/include/uapi/asm/ptrace.h, in its order; the registers' narrower names mean the same ones. */
const x64Registers = (
  'r15 r14 r13 r12 rbp,ebp,bp,bpl rbx,ebx,bx,bl r11 r10 r9 r8 rax,eax,ax,al rcx,ecx,cx,cl rdx,edx,dx,dl ' +
  'rsi,esi,si,sil rdi,edi,di,dil orig_rax rip,eip cs eflags rsp,esp,sp,spl'
)
  .split(' ')
  .flatMap((names, i) => names.split(',').map(name => [name, 8 * i] as const));
const x64Offsets = new Map(x64Registers);

function registerOffset(name: string, arch: UsdtArch): number | undefined {
  if (arch === 'x64') return x64Offsets.get(name.replace(/^(r(?:8|9|1[0-5]))[dwb]$/, '$1'));
  // `struct user_pt_regs` of arch/arm64/include/uapi/asm/ptrace.h: 31 registers, sp.
  if (name === 'sp') return 31 * 8;
  const [, number] = /^[xw](\d+)$/.exec(name) ?? [];
  return number !== undefined && Number(number) < 31 ? 8 * Number(number) : undefined;
}
