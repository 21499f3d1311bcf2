import { Kernel } from '../kernel/index.js';
import { type ProgramSpec, sectionRules } from '../object/index.js';
import { liveSys, OwnedFd, type Sys } from '../syscall/index.js';
import { listPrograms } from './list-programs.js';
import { OpenError } from './open-error.js';
import { type ObjectSource, openObject } from './open-object.js';
import { Program } from './program.js';
import { type ProgramInfo, readProgramInfo } from './program-info.js';

/** Where a loaded program is found: as a link is, or by its name or tag, which must be of one only. */
export type ProgramSource = ObjectSource | { readonly name: string } | { readonly tag: string };

export interface OpenProgramOptions {
  /**
   * `enum bpf_attach_type` that it was loaded for, which the kernel does not tell and attaching some kinds wants. Default: the usual one of its
   * type, where there is one.
   */
  readonly attachType?: number;
  readonly sys?: Sys;
}

/**
 * Opens a program that is loaded already: `openProgram({ path: '/sys/fs/bpf/drop' }).attachTo({ kind: 'xdp', interface: 'eth0' })`. Closing it unloads
 * it only when nothing else holds it. Its `spec` has what the kernel tells, and no instructions.
 *
 * Throws BpfError when the kernel refuses, by id, name and tag for want of CAP_SYS_ADMIN; OpenError for a name or tag that no program or several
 * have, and for what is no program.
 */
export function openProgram(source: ProgramSource, options: OpenProgramOptions = {}): Program {
  const { sys = liveSys(), attachType } = options;
  const found = 'name' in source || 'tag' in source ? { id: findId(sys, source) } : source;
  return openObject(sys, 'program', found, (number, what) => {
    const kernel = Kernel.running(sys);
    const info = readProgramInfo(sys, number, what);
    const spec = specOf(info, attachType);
    const fd = new OwnedFd(sys, number);
    return new Program({ sys, kernel, file: `id ${info.id}`, spec, fd, maps: {} });
  });
}

/** The kernel keeps 15 characters of a name. */
function findId(sys: Sys, source: { readonly name: string } | { readonly tag: string }): number {
  const matches =
    'name' in source
      ? (info: ProgramInfo) => info.name === source.name.slice(0, 15)
      : (info: ProgramInfo) => info.tag === source.tag;
  const ids: number[] = [];
  for (const info of listPrograms(sys)) if (matches(info)) ids.push(info.id);
  const [id] = ids;
  const [what, property] = 'name' in source ? [source.name, 'name'] : [source.tag, 'tag'];
  if (id === undefined) throw new OpenError(`program ${what}: the kernel has none of this ${property}`);
  if (ids.length > 1)
    throw new OpenError(
      `program ${what}: ${ids.length} programs have this ${property}: open it by id, one of ${ids.join(', ')}`,
    );
  return id;
}

function specOf(info: ProgramInfo, attachType = usualAttachType(info.type)): ProgramSpec {
  const name = info.name || `of id ${info.id}`;
  return {
    key: name,
    name,
    section: '',
    sectionOffset: 0,
    insns: new Uint8Array(0),
    linkage: 'global',
    references: [],
    funcInfo: [],
    lineInfo: [],
    coreRelocations: [],
    type: info.type,
    attachType,
    attachTarget: undefined,
    sectionRule: undefined,
    flags: 0,
    autoload: false,
  };
}

/** The attach type that the sections of a program type stand for: those without a target, such as `xdp`, where there are some. 0 where they differ. */
function usualAttachType(type: number): number {
  const rules = sectionRules.filter(rule => rule.type === type);
  const plain = rules.filter(rule => /^\w+$/.test(rule.pattern));
  const types = new Set((plain.length > 0 ? plain : rules).map(rule => rule.attachType));
  const [only = 0] = types;
  return types.size === 1 ? only : 0;
}
