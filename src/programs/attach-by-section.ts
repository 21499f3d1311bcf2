import { FormatError, NotYetError } from '../errors/index.js';
import { syscallSymbol } from '../kernel/index.js';
import type { ProgramSpec } from '../object/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';
import { attachKprobe } from './link-kprobe.js';
import { attachRawTracepoint } from './link-raw-tracepoint.js';
import { attachTracepoint } from './link-tracepoint.js';

export interface AttachOptions {
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
}

type Attach = (program: Attachable, target: string, options: AttachOptions, spec: ProgramSpec) => LinkParts;

const tracepoint: Attach = (program, target, { cookie = 0n }, spec) => {
  const [category = '', name = ''] = target.split(/\/(.*)/s);
  if (!category || !name)
    throw new FormatError(
      'a tracepoint is named CATEGORY/NAME, e.g. tp/syscalls/sys_enter_write',
      place(program, spec),
    );
  return attachTracepoint(program, category, name, cookie);
};

const rawTracepoint: Attach = (program, target) => attachRawTracepoint(program, target);

const kprobe =
  (retprobe: boolean): Attach =>
  (program, target, options, spec) => {
    const [, symbol, offset = '0'] = /^([\w.]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(target) ?? [];
    if (!symbol)
      throw new FormatError(
        'a kprobe is named FUNCTION or FUNCTION+OFFSET, e.g. kprobe/do_unlinkat',
        place(program, spec),
      );
    return attachKprobe(program, symbol, { ...options, retprobe, offset: Number(offset) });
  };

const ksyscall =
  (retprobe: boolean): Attach =>
  (program, target, options) =>
    attachKprobe(program, syscallSymbol(program.kernel, target), { ...options, retprobe });

/** By the section's word before the target. */
const attachers: Readonly<Record<string, Attach>> = {
  tp: tracepoint,
  tracepoint,
  raw_tp: rawTracepoint,
  raw_tracepoint: rawTracepoint,
  kprobe: kprobe(false),
  kretprobe: kprobe(true),
  ksyscall: ksyscall(false),
  kretsyscall: ksyscall(true),
};

/** Sections that libbpf attaches by their name alone and rawbpf does not yet. */
const later =
  /^(uprobe|uretprobe|usdt|tp_btf|fentry|fexit|fmod_ret|fsession|freplace|lsm|lsm_cgroup|iter|k(ret)?probe\.(multi|session)|u(ret)?probe\.(multi|session))\b/;

/** True when the section's name says all that is needed to attach the program; libbpf passes over the others, too. */
export function attachesItself(spec: ProgramSpec): boolean {
  const word = sectionWord(spec);
  return spec.attachTarget !== undefined && (word in attachers || later.test(word));
}

/** Attaches a program as the name of its section says. Throws FormatError when the name does not say to what. */
export function attachBySection(program: Attachable, spec: ProgramSpec, options: AttachOptions): LinkParts {
  const attach = attachers[sectionWord(spec)];
  if (!attach)
    throw new NotYetError([`attaching program ${spec.name} of section ${spec.section}`], program.file);
  if (spec.attachTarget === undefined)
    throw new FormatError(
      'the name says no target to attach to: use attachTracepoint(), attachRawTracepoint() or attachKprobe()',
      place(program, spec),
    );
  return attach(program, spec.attachTarget, options, spec);
}

/** `tp` of `?tp.s/syscalls/sys_enter_write`. The suffixes (sleepable, writable) do not matter for attaching. */
function sectionWord(spec: ProgramSpec): string {
  return (spec.section.replace(/^\?/, '').split('/')[0] ?? '').replace(/\.[sw]$/, '');
}

const place = (program: Attachable, spec: ProgramSpec) => ({
  file: program.file,
  section: spec.section,
  field: `program ${spec.name}`,
});
