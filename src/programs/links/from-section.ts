import { FormatError, type FormatErrorPlace } from '../../errors/index.js';
import type { ProgramSpec } from '../../object/index.js';
import type { AttachTarget } from './attach-target.js';

/** What a section name may leave to the caller. */
export interface AttachOptions {
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15, by kind. */
  readonly cookie?: bigint;
}

/** Makes what to attach to of what follows the first `/` of a section name. */
type Parse = (target: string, spec: ProgramSpec, place: FormatErrorPlace) => AttachTarget;

const tracepoint: Parse = (target, _spec, place) => {
  const [category = '', name = ''] = target.split(/\/(.*)/s);
  if (!category || !name)
    throw new FormatError('a tracepoint is named CATEGORY/NAME, e.g. tp/syscalls/sys_enter_write', place);
  return { kind: 'tracepoint', category, name };
};

const rawTracepoint: Parse = name => ({ kind: 'raw_tracepoint', name });

const kprobe =
  (retprobe: boolean): Parse =>
  (target, _spec, place) => {
    const [, symbol, offset = '0'] = /^([\w.]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(target) ?? [];
    if (!symbol)
      throw new FormatError('a kprobe is named FUNCTION or FUNCTION+OFFSET, e.g. kprobe/do_unlinkat', place);
    return { kind: 'kprobe', symbol, offset: Number(offset), retprobe };
  };

const ksyscall =
  (retprobe: boolean): Parse =>
  name => ({ kind: 'ksyscall', name, retprobe });

const kprobeMulti =
  (extra: { retprobe?: boolean; session?: boolean }): Parse =>
  (pattern, _spec, place) => {
    if (!/^[\w.*?]+$/.test(pattern))
      throw new FormatError('functions are named by a pattern of letters, digits, _, ., * and ?', place);
    return { kind: 'kprobe_multi', pattern, ...extra };
  };

const uprobe =
  (retprobe: boolean): Parse =>
  (target, _spec, place) => {
    const [, binary, symbol, offset = '0'] = /^(.+?):([^+]+?)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(target) ?? [];
    if (!binary || !symbol)
      throw new FormatError('a uprobe is named BINARY:FUNCTION[+OFFSET], e.g. uprobe/libc:malloc', place);
    const probe = { kind: 'uprobe', binary, retprobe } as const;
    // A number alone is a place in the file.
    return /^(0x[0-9a-f]+|\d+)$/i.test(symbol)
      ? { ...probe, offset: Number(symbol) + Number(offset) }
      : { ...probe, symbol, offset: Number(offset) };
  };

const uprobeMulti =
  (extra: { retprobe?: boolean; session?: boolean }): Parse =>
  (target, _spec, place) => {
    const [, binary, pattern] = /^(.+?):(.+)$/.exec(target) ?? [];
    if (!binary || !pattern)
      throw new FormatError('functions are named BINARY:PATTERN, e.g. uprobe.multi/libc:str*', place);
    return { kind: 'uprobe_multi', binary, pattern, ...extra };
  };

const usdt: Parse = (target, _spec, place) => {
  const [, binary, provider, name] = /^(.+):([^:]+):([^:]+)$/.exec(target) ?? [];
  if (!binary || !provider || !name)
    throw new FormatError('a USDT probe is named BINARY:PROVIDER:NAME, e.g. usdt/libc:libc:setjmp', place);
  return { kind: 'usdt', binary, provider, name };
};

const tracing: Parse = () => ({ kind: 'tracing' });

const tracingMulti: Parse = pattern => ({ kind: 'tracing_multi', pattern });

/** By the section's word before the target, without the suffixes that say no more than how the program is loaded. */
const parsers: Readonly<Record<string, Parse>> = {
  tp: tracepoint,
  tracepoint,
  raw_tp: rawTracepoint,
  raw_tracepoint: rawTracepoint,
  kprobe: kprobe(false),
  kretprobe: kprobe(true),
  ksyscall: ksyscall(false),
  kretsyscall: ksyscall(true),
  'kprobe.multi': kprobeMulti({}),
  'kretprobe.multi': kprobeMulti({ retprobe: true }),
  'kprobe.session': kprobeMulti({ session: true }),
  uprobe: uprobe(false),
  uretprobe: uprobe(true),
  'uprobe.multi': uprobeMulti({}),
  'uretprobe.multi': uprobeMulti({ retprobe: true }),
  'uprobe.session': uprobeMulti({ session: true }),
  usdt,
  tp_btf: tracing,
  fentry: tracing,
  fexit: tracing,
  fmod_ret: tracing,
  fsession: tracing,
  'fentry.multi': tracingMulti,
  'fexit.multi': tracingMulti,
  'fsession.multi': tracingMulti,
  lsm: tracing,
  freplace: () => ({ kind: 'freplace' }),
  iter: () => ({ kind: 'iter' }),
};

/** True when the section's name says all that is needed to attach the program; libbpf passes over the others, too. */
export function attachesItself(spec: ProgramSpec): boolean {
  return spec.attachTarget !== undefined && sectionWord(spec) in parsers;
}

/** What the name of a program's section says it is to be attached to. Throws FormatError when it does not say. */
export function targetOfSection(spec: ProgramSpec, file: string): AttachTarget {
  const place = { file, section: spec.section, field: `program ${spec.name}` };
  const parse = parsers[sectionWord(spec)];
  if (!parse || spec.attachTarget === undefined)
    throw new FormatError('the name says no target to attach to: use attachTo()', place);
  return parse(spec.attachTarget, spec, place);
}

const word = /^\??(.*?)(\.[sw])?(\/|$)/;

/** `tp` of `?tp.s/syscalls/sys_enter_write`. */
function sectionWord({ section }: ProgramSpec): string {
  return word.exec(section)?.[1] ?? '';
}
