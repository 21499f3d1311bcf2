import { openLink } from '../../../programs/index.js';
import { Words } from '../../words.js';
import { takeLink } from './select.js';

/** `rawbpf link pin LINK PATH`: what the link attaches stays attached until the pin is removed. */
export function pinLink(args: readonly string[]): void {
  const words = new Words(args);
  const source = takeLink(words);
  const path = words.take('the path to pin it at');
  words.end();
  using link = openLink(source);
  link.pin(path);
}
