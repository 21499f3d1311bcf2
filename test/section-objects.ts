import { BpfProgType, hostEndian } from '../src/abi/index.js';
import { assemble, exit, mov } from '../src/insn/index.js';
import { type SectionRule, sectionRules } from '../src/object/index.js';
import { buildElf } from './build-elf.js';

/** One row of the table of section names as a program that can be loaded. */
export interface SectionObject {
  readonly rule: SectionRule;
  /** The section's name with a target that every kernel has. */
  readonly section: string;
  /** An object with this program alone, `prog`; no BTF. */
  readonly bytes: Uint8Array;
}

const [progbits, alloc, exec] = [1, 2, 4];
const [globalObject, globalFunc] = [0x11, 0x12];

/** All rows but those whose programs cannot be loaded without a map or another program: struct_ops and freplace. */
export function sectionObjects(): SectionObject[] {
  const needMore: number[] = [BpfProgType.BPF_PROG_TYPE_STRUCT_OPS, BpfProgType.BPF_PROG_TYPE_EXT];
  return sectionRules
    .filter(({ type }) => !needMore.includes(type))
    .map(rule => {
      const section = sectionName(rule);
      return { rule, section, bytes: sectionObject(section) };
    });
}

/** An object whose only program is the smallest one of a section. */
export function sectionObject(section: string): Uint8Array {
  const code = assemble([mov(0, returned(section)), exit()], hostEndian);
  const license = new TextEncoder().encode('GPL\0');
  return buildElf(
    [
      { name: section, type: progbits, flags: alloc | exec, data: code },
      { name: 'license', type: progbits, flags: alloc, data: license },
    ],
    [
      { name: 'prog', info: globalFunc, section, value: 0, size: code.length },
      { name: '_license', info: globalObject, section: 'license', value: 0, size: license.length },
    ],
  );
}

/** What every hook takes: some want 1, some 0. */
function returned(section: string): number {
  return section.startsWith('cgroup') ? 1 : 0;
}

function sectionName({ pattern, attachBtf }: SectionRule): string {
  return attachBtf ? pattern.replace('+', `/${btfTarget(pattern)}`) : pattern.replace('+', '');
}

/** A function that programs may attach to, and that may sleep where they do. */
function btfTarget(pattern: string): string {
  const [word = ''] = pattern.split(/[.+]/);
  const own: Readonly<Record<string, string>> = {
    tp_btf: 'sys_enter',
    iter: 'task',
    lsm: 'file_open',
    lsm_cgroup: 'socket_post_create',
    fmod_ret: 'security_file_open',
  };
  return pattern.startsWith('fmod_ret.s') ? 'bpf_fentry_test1' : (own[word] ?? 'bpf_fentry_test1');
}
