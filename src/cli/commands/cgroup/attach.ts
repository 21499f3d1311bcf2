import { type CgroupAttachFlag, detachCgroup, openProgram } from '../../../programs/index.js';
import { withUsersArguments } from '../../users-arguments.js';
import { Words } from '../../words.js';
import { takeProgram } from '../prog/select.js';
import { cgroupAttachType } from './attach-type.js';

/** `rawbpf cgroup attach CGROUP ATTACH_TYPE PROG [multi|override]`: without a link, so that it stays when the command ends. */
export function attachProgram(cgroup: string, type: string, rest: readonly string[]): void {
  const words = new Words(rest);
  const attachType = cgroupAttachType(type);
  const source = takeProgram(words);
  const attachFlag = takeFlag(words);
  words.end();
  using program = openProgram(source, { attachType });
  withUsersArguments(() => program.attachTo({ kind: 'cgroup', cgroup, attachType, attachFlag }).disconnect());
}

/** `rawbpf cgroup detach CGROUP ATTACH_TYPE PROG` */
export function detachProgram(cgroup: string, type: string, rest: readonly string[]): void {
  const words = new Words(rest);
  const attachType = cgroupAttachType(type);
  const source = takeProgram(words);
  words.end();
  using program = openProgram(source);
  withUsersArguments(() => detachCgroup({ cgroup, attachType, program }));
}

function takeFlag(words: Words): CgroupAttachFlag {
  if (words.skip('multi')) return 'allow_multi';
  return words.skip('override') ? 'allow_override' : 'none';
}
