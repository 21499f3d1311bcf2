import { matchSection, type ProgramSettings, type ProgramSpec } from '../../../object/index.js';
import { type AttachTarget, targetOfSection } from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';

/** What `--attach PROGRAM=SECTION` asks for: the program as if it were in another section. */
export interface AttachAs {
  readonly target: AttachTarget;
  /** How it is to be loaded for that. */
  readonly settings: ProgramSettings;
}

/**
 * Reads a section as `SEC()` has it (`kprobe/vfs_read`, `uretprobe/bash:readline`, `fentry/ext4_file_open`), or of those that name no target in C:
 * `perf_event/cpu-clock@49` (hertz), `perf_event/page-faults:100` (period), `xdp/eth0`, `tc/ingress/eth0`, `cgroup_skb/egress:/sys/fs/cgroup`.
 * Throws Refusal for others, FormatError for a target that is not written as its section wants it.
 */
export function attachAs(spec: ProgramSpec, section: string, file: string): AttachAs {
  const named = byWord(section);
  if (named) return { target: named, settings: { autoload: true } };
  const match = matchSection(section);
  if (!match || match.target === undefined)
    throw new Refusal(
      `--attach ${spec.name}=${section}: it is to be a section with its target, such as kprobe/vfs_read, uretprobe/bash:readline, perf_event/cpu-clock@49, xdp/eth0`,
    );
  const { target, rule } = match;
  return {
    target: targetOfSection({ ...spec, section, attachTarget: target }, file),
    settings: { autoload: true, attachTarget: target, type: rule.type, attachType: rule.attachType },
  };
}

function byWord(section: string): AttachTarget | undefined {
  const [, event, sign, number] = /^perf_event\/([^@:]+)(?:([@:])(\d+))?$/.exec(section) ?? [];
  if (event !== undefined) {
    const rate = number === undefined ? {} : { [sign === '@' ? 'frequency' : 'period']: Number(number) };
    return { kind: 'perf_event', event: event as never, ...rate };
  }
  const [, word, direction, device] = /^(xdp|tcx?\/(ingress|egress))\/([^/]+)$/.exec(section) ?? [];
  if (word === 'xdp') return { kind: 'xdp', interface: device ?? '' };
  if (word && (direction === 'ingress' || direction === 'egress'))
    return { kind: word.startsWith('tcx') ? 'tcx' : 'tc', interface: device ?? '', direction };
  const [, cgroup] = /^(?:cgroup[\w/]*|sockops):(\/.*)$/.exec(section) ?? [];
  return cgroup === undefined ? undefined : { kind: 'cgroup', cgroup };
}
