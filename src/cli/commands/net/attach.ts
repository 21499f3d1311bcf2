import {
  openProgram,
  tcxAttach,
  tcxDetach,
  type XdpMode,
  xdpAttach,
  xdpDetach,
} from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';
import { complain } from '../../report-error.js';
import { withUsersArguments } from '../../users-arguments.js';
import { Words } from '../../words.js';
import { takeProgram } from '../prog/select.js';

/** bpftool's names, in its order: the first that begins with what is given is meant. */
const types = {
  xdp: {},
  xdpgeneric: { mode: 'generic' },
  xdpdrv: { mode: 'native' },
  xdpoffload: { mode: 'offload' },
  tcx_ingress: { direction: 'ingress' },
  tcx_egress: { direction: 'egress' },
} as const;

type AttachType = { readonly mode?: XdpMode } | { readonly direction: 'ingress' | 'egress' };

/** `rawbpf net attach ATTACH_TYPE PROG dev NAME [overwrite|prepend]`: without a link, so that it stays when the command ends. */
export function attachProgram(name: string, rest: readonly string[]): void {
  const type = typeNamed(name);
  const words = new Words(rest);
  const source = takeProgram(words);
  const device = takeDevice(words);
  const isTcx = 'direction' in type;
  const more = words.skip(isTcx ? 'prepend' : 'overwrite');
  words.end();
  using program = openProgram(source);
  withUsersArguments(() => {
    if (isTcx) tcxAttach(program, { interface: device, ...type, ...(more ? { before: 'all' } : {}) });
    else xdpAttach(program, { interface: device, ...type, replace: more });
  });
}

/** `rawbpf net detach ATTACH_TYPE dev NAME` */
export function detachProgram(name: string, rest: readonly string[]): void {
  const type = typeNamed(name);
  const words = new Words(rest);
  const device = takeDevice(words);
  words.end();
  if ('direction' in type) {
    withUsersArguments(() => tcxDetach({ interface: device, ...type }));
    return;
  }
  const taken = withUsersArguments(() => xdpDetach(device, type));
  // For bpftool that is done, and so it may be for scripts.
  if (Object.keys(taken).length === 0) complain(`${name}: no such program is attached to ${device}`);
}

function typeNamed(word: string): AttachType {
  const found = Object.entries(types).find(([name]) => name.startsWith(word));
  if (found && word !== '') return found[1];
  throw new Refusal(`attach type ${word}: there is ${Object.keys(types).join(', ')}`);
}

function takeDevice(words: Words): string {
  if (!words.skip('dev')) throw new Refusal('which interface: dev NAME is missing');
  return words.take('the name of the interface');
}
