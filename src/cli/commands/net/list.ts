import { listNetwork } from '../../../programs/index.js';
import { printJson, printLines } from '../../output.js';
import { withUsersArguments } from '../../users-arguments.js';
import { Words } from '../../words.js';
import { networkRecord } from './record.js';
import { networkText } from './text.js';

export interface ListOptions {
  readonly json?: boolean;
}

/** `rawbpf net list [dev NAME]`: the programs of the network namespace. */
export async function listNet(rest: readonly string[], { json }: ListOptions): Promise<void> {
  const words = new Words(rest);
  const device = words.skip('dev') ? words.take('the name of the interface') : undefined;
  words.end();
  const found = withUsersArguments(() => listNetwork(device === undefined ? {} : { interface: device }));
  const record = networkRecord(found);
  if (json) await printJson([record]);
  else await printLines(networkText(record));
}
