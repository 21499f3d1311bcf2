import { openLink } from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';
import { Words } from '../../words.js';
import { takeLink } from './select.js';

/** `rawbpf link detach LINK`: takes the program off where it is attached; who holds the link goes on holding it. */
export function detachLink(args: readonly string[]): void {
  const words = new Words(args);
  const source = takeLink(words);
  words.end();
  using link = openLink(source);
  link.detach();
  // Where links of the kind cannot be detached, detach() lets go of this handle, which is not all that holds the link.
  if (!link.isOpen)
    throw new Refusal(
      `link ${args.join(' ')}: the kernel cannot detach links of kind ${link.kind}: end the process that holds it, or remove its pin`,
    );
}
