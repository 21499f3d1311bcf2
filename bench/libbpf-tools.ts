import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { thirdPartyObjects } from '../test/third-party.js';
import { NotAtHand } from './compare.js';

/** The largest BPF object in Debian's package of bcc's tools on libbpf. Throws NotAtHand when the package cannot be had. */
export function largestTool(): string {
  const [largest] = tools().toSorted((a, b) => statSync(b).size - statSync(a).size);
  return largest ?? noTool('no BPF object');
}

/** The object of one of them. Throws NotAtHand, too. */
export function toolObject(name: string): string {
  return tools().find(path => basename(path).split('.')[0] === name) ?? noTool(`no object of ${name}`);
}

function tools(): readonly string[] {
  try {
    return thirdPartyObjects('libbpf-tools');
  } catch {
    throw new NotAtHand("Debian's libbpf-tools cannot be downloaded");
  }
}

function noTool(what: string): never {
  throw new NotAtHand(`${what} in the binaries of Debian's libbpf-tools`);
}
