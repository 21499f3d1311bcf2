import { matchSection } from './section-names.js';
import type { FunctionSpec, ProgramSpec } from './types.js';

/** `BPF_F_*` flags of PROG_LOAD (include/uapi/linux/bpf.h), which are macros and so not in BTF. */
const BPF_F_SLEEPABLE = 1 << 4;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;

/** A program with what its section name says of it. `elfSection` may begin with `?`: then it is not loaded unless asked for. */
export function programSpec(body: FunctionSpec, elfSection: string): ProgramSpec {
  const match = matchSection(body.section);
  const rule = match?.rule;
  const slash = body.section.indexOf('/');
  return {
    ...body,
    type: rule?.type,
    attachType: rule?.attachType ?? 0,
    attachTarget: match ? match.target : slash < 0 ? undefined : body.section.slice(slash + 1),
    sectionRule: rule?.pattern,
    flags: (rule?.sleepable ? BPF_F_SLEEPABLE : 0) | (rule?.xdpFrags ? BPF_F_XDP_HAS_FRAGS : 0),
    autoload: !elfSection.startsWith('?'),
  };
}
