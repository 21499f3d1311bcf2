import { BpfProgType } from '../../../abi/index.js';
import { readProgramInfo } from '../../program-info.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import { interfaceIndex } from './network-interface.js';
import { withRouteSocket } from './rtnetlink.js';
import { ClsactQdisc } from './tc-clsact.js';
import { addFilter, TcFilter } from './tc-filter.js';

/** The packets of a network interface, by a filter of its clsact qdisc. Linux 4.5. */
export interface TcTarget {
  readonly kind: 'tc';
  /** Name or index. */
  readonly interface: string | number;
  /** Default: as a program of `SEC("tc/ingress")` or `SEC("tc/egress")` was loaded. */
  readonly direction?: 'ingress' | 'egress';
  /** From 1 to 65535; filters of smaller numbers run first. Default: the kernel chooses, first 49152, then one less than the least of those. */
  readonly priority?: number;
  /** From 1, by which filters of one priority differ. Default: the kernel chooses. */
  readonly handle?: number;
  /** Takes the place of the filter that has this priority and handle. Default false: that is an error. */
  readonly replace?: boolean;
}

/**
 * Attaches to what comes in at or goes out of a network interface: a filter of its clsact qdisc, which is made where there is none. The program's result
 * is what becomes of the packet (direct action). A program of `SEC("action")` becomes the action of a filter that matches every packet.
 *
 * Closing removes the filter, and with the last one a qdisc that rawbpf made. A process that is killed leaves both: where the kernel has it (Linux 6.6), `kind:
 * 'tcx'` does not. Linux 4.5 (actions 4.8); net/sched/cls_bpf.c. Throws BpfError.
 */
export function attachTc(program: Attachable, target: TcTarget): LinkParts {
  const { sys, name, file } = program;
  const { kind } = target;
  const direction = directionOf(program, target);
  checkNumbers(target);
  const place = `${target.interface} ${direction}`;
  const what = `${file}: program ${name}: attach to ${kind} ${place}`;
  const ifindex = interfaceIndex(sys, target.interface, what);
  const { id: programId } = readProgramInfo(sys, program.fd, what);
  const isAction = program.spec.type === BpfProgType.BPF_PROG_TYPE_SCHED_ACT;
  return withRouteSocket(sys, what, socket => {
    const qdisc = ClsactQdisc.ensure(program, socket, { kind, target: place, ifindex, direction });
    try {
      const filter = addFilter(program, socket, { ...target, target: place, ifindex, direction, isAction });
      const holder = new TcFilter(sys, { ifindex, direction, isAction, programId, what, ...filter });
      return {
        sys,
        kind,
        program: name,
        target: place,
        holders: [qdisc, holder],
        // The kernel replaces no filter of kind matchall.
        ...(isAction ? {} : { update: next => holder.replace(next) }),
      };
    } catch (error) {
      qdisc.close();
      throw error;
    }
  });
}

function directionOf({ file, name, spec }: Attachable, { direction }: TcTarget): 'ingress' | 'egress' {
  const found = direction ?? /^\??tcx?\/(ingress|egress)$/.exec(spec.section)?.[1];
  if (found === 'ingress' || found === 'egress') return found;
  throw new TypeError(
    `${file}: program ${name}: direction: must be 'ingress' or 'egress'${direction === undefined ? `, because section ${spec.section} does not say` : ''}`,
  );
}

function checkNumbers({ priority, handle }: TcTarget): void {
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 1 && priority <= 0xffff))
    throw new TypeError('priority: must be a whole number from 1 to 65535');
  if (handle !== undefined && !(Number.isInteger(handle) && handle >= 1 && handle <= 0xffffffff))
    throw new TypeError('handle: must be a whole number from 1 to 2 ** 32 - 1');
}
