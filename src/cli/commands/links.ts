import { listLinks, openLink } from '../../programs/index.js';
import { linkRecord } from '../link-record.js';
import { linkText } from '../link-text.js';
import { objectSource } from '../object-source.js';
import { printJson, printLines } from '../output.js';
import { Refusal } from '../refusal.js';

export interface ShowOptions {
  readonly json?: boolean;
}

/** `rawbpf link list`: the BPF links of the kernel. */
export async function listAllLinks({ json }: ShowOptions): Promise<void> {
  const infos = [...listLinks()];
  if (json) await printJson(infos.map(linkRecord));
  else await printLines(infos.map(linkText));
}

/** `rawbpf link show LINK`: one of them, by its id or where it is pinned. */
export async function showLink(which: string, { json }: ShowOptions): Promise<void> {
  using link = openLink(objectSource(which));
  const info = link.info();
  if (json) await printJson(linkRecord(info));
  else await printLines([linkText(info)]);
}

/** `rawbpf link detach LINK`: takes the program off where it is attached; who holds the link goes on holding it. */
export function detachLink(which: string): void {
  using link = openLink(objectSource(which));
  link.detach();
  // Where links of the kind cannot be detached, detach() lets go of this handle, which is not all that holds the link.
  if (!link.isOpen)
    throw new Refusal(
      `link ${which}: the kernel cannot detach links of kind ${link.kind}: end the process that holds it, or remove its pin`,
    );
}
