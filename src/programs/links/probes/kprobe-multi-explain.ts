import { type Cause, kernelFunctions, nearestNames, nearText } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';

/** The link that was refused. */
export interface RefusedKprobeMulti {
  /** Where the functions were given by name. */
  readonly symbols: readonly string[] | undefined;
  readonly session: boolean;
  readonly cnt: number;
}

/** Why the kernel refused a link to many functions (kernel/trace/bpf_trace.c: bpf_kprobe_multi_link_attach; kernel/trace/fprobe.c). */
export function explainKprobeMulti(
  { kernel, spec }: Attachable,
  { symbols, session, cnt }: RefusedKprobeMulti,
  errno: number,
): Cause | undefined {
  const feature = session ? 'kprobe sessions' : 'links to many kernel functions';
  switch (errno) {
    case Errno.EOPNOTSUPP:
      return {
        missing: { feature },
        reason: 'the kernel was built without CONFIG_FPROBE',
        advice: 'Attach a kprobe to each of the functions.',
      };
    case Errno.EINVAL:
      if (!kernel.has(session ? 'kprobe_session' : 'kprobe_multi'))
        return {
          missing: { feature, since: session ? '6.10' : '5.18' },
          reason: `it is Linux ${kernel.release}`,
          advice: session
            ? 'Attach one program to the calls (kprobe.multi) and one to the returns (kretprobe.multi).'
            : 'Attach a kprobe to each of the functions.',
        };
      return {
        reason: `program ${spec.name} was loaded for another way of attaching, or one of the functions cannot be probed`,
        advice: `Its section has to be ${session ? 'kprobe.session' : 'kprobe.multi'}; available_filter_functions in tracefs lists the functions that can be probed.`,
      };
    case Errno.E2BIG:
      return { reason: `${cnt} functions are more than the 1048576 that one link can have` };
    case Errno.ESRCH:
    case Errno.ENOENT:
      return missingFunctions(symbols ?? []);
    default:
      return undefined;
  }
}

function missingFunctions(symbols: readonly string[]): Cause | undefined {
  const all = new Set([...kernelFunctions()].map(({ name }) => name));
  const missing = symbols.filter(symbol => !all.has(symbol));
  const [first] = missing;
  if (first === undefined)
    return {
      reason: 'not all of the functions can be probed',
      advice: 'available_filter_functions in tracefs lists those that can be.',
    };
  const more = missing.length > 1 ? `, nor ${missing.length - 1} others of those given` : '';
  return { reason: `this kernel has no function ${first}${nearText(nearestNames(first, all))}${more}` };
}
