import type { ObjectSource } from '../../../programs/index.js';
import { takeSelector } from '../../selector.js';
import type { Words } from '../../words.js';

/** Takes a selector of a link: by id or pin, for links have no names. Throws Refusal. */
export function takeLink(words: Words): ObjectSource {
  return takeSelector(words, 'link', ['id', 'pinned']) as ObjectSource;
}
