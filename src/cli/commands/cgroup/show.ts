import { printJson, printLines } from '../../output.js';
import { withUsersArguments } from '../../users-arguments.js';
import { Words } from '../../words.js';
import { hookHeading, hookLine, hookRecords } from './hooks.js';

export interface ShowOptions {
  readonly json?: boolean;
}

/** `rawbpf cgroup show CGROUP [effective]`: the programs of a cgroup. */
export async function showCgroup(
  cgroup: string,
  rest: readonly string[],
  { json }: ShowOptions,
): Promise<void> {
  const words = new Words(rest);
  const effective = words.skip('effective');
  words.end();
  const hooks = withUsersArguments(() => hookRecords(cgroup, effective));
  if (json) await printJson(hooks);
  else if (hooks.length > 0) await printLines([hookHeading(effective), ...hooks.map(hook => hookLine(hook))]);
}
