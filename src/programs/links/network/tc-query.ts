import { liveSys, type RouteSocket, type Sys } from '../../../syscall/index.js';
import { interfaceIndex } from './network-interface.js';
import { accepted, withRouteSocket } from './rtnetlink.js';
import * as tc from './tc-message.js';

/** A filter of traffic control that runs BPF programs: one that is a program, or has programs for actions. */
export interface TcFilterInfo {
  /** Where it is: `clsact/ingress`, `clsact/egress`, `root`, or the kind of the qdisc or class that it is under (`htb`). */
  readonly place: string;
  /** What who made it called its program; undefined where its programs are actions. */
  readonly name: string | undefined;
  readonly programId: number | undefined;
  readonly actions: readonly tc.TcAction[] | undefined;
  /** Filters of smaller numbers run first. */
  readonly priority: number;
}

/**
 * The filters of a network interface, by name or index, that run BPF programs (`tc filter show`): those of kind `bpf`, and of kind `matchall` with programs for
 * actions. Those that tcx runs are other ones: see {@link queryTcx}. Linux 4.4, ids of programs 4.13. Throws BpfError.
 */
export function queryTc(
  nameOrIndex: string | number,
  { sys = liveSys() }: { readonly sys?: Sys } = {},
): TcFilterInfo[] {
  const what = `the tc filters of ${nameOrIndex}`;
  const ifindex = interfaceIndex(sys, nameOrIndex, what);
  return withRouteSocket(sys, what, socket => tcFilters(socket, ifindex, what));
}

export function tcFilters(socket: RouteSocket, ifindex: number, what: string): TcFilterInfo[] {
  const list = (type: number, parent: number) =>
    accepted(socket.dump({ type, flags: 0, body: [tc.tcmsg({ ifindex, parent })] }), what).messages;
  const below = [
    ...list(tc.RTM_GETTCLASS, 0).map(tc.tcAnswer),
    ...list(tc.RTM_GETQDISC, 0)
      .map(tc.tcAnswer)
      // The kernel lists those of all interfaces. Of clsact the two sides are asked for below; a handle of 0 is that of a qdisc without classes.
      .filter(qdisc => qdisc.ifindex === ifindex && qdisc.kind !== 'clsact' && qdisc.handle !== 0),
  ].map(({ handle, kind = 'unknown' }) => [handle, kind] as const);
  return [
    ...below,
    [tc.TC_H_ROOT, 'root'] as const,
    [tc.filterParents.ingress, 'clsact/ingress'] as const,
    [tc.filterParents.egress, 'clsact/egress'] as const,
  ].flatMap(([parent, place]) =>
    list(tc.RTM_GETTFILTER, parent)
      .map(tc.tcAnswer)
      .filter(
        ({ kind, handle, actions }) =>
          (kind === 'bpf' && handle !== 0) || (kind === 'matchall' && actions?.length),
      )
      .map(({ kind, name, programId, actions, info }) => ({
        place,
        name,
        programId: kind === 'bpf' ? programId : undefined,
        actions,
        priority: info >>> 16,
      })),
  );
}
