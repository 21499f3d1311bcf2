import { statSync } from 'node:fs';
import { thirdPartyObjects } from '../test/third-party.js';
import { NotAtHand } from './compare.js';

/** The largest BPF object in Debian's package of bcc's tools on libbpf. Throws NotAtHand when the package cannot be had. */
export function largestTool(): string {
  try {
    const [largest] = thirdPartyObjects('libbpf-tools').sort((a, b) => statSync(b).size - statSync(a).size);
    if (largest) return largest;
  } catch {
    throw new NotAtHand("Debian's libbpf-tools cannot be downloaded");
  }
  throw new NotAtHand("no BPF object in the binaries of Debian's libbpf-tools");
}
