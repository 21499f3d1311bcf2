import { Refusal } from './refusal.js';
import type { Words } from './words.js';

/** What of the kernel a command is about, as bpftool has it named: `id 7`, `name opensnoop`, `tag 0123456789abcdef`, `pinned /sys/fs/bpf/x`. */
export type Selector =
  | { readonly id: number }
  | { readonly name: string }
  | { readonly tag: string }
  | { readonly path: string };

/**
 * Takes a selector: a keyword and what follows it, or a number alone, which is an id, or a path alone, which is a pin. `keywords` are those that
 * the kind of object has. Throws Refusal.
 */
export function takeSelector(
  words: Words,
  kind: string,
  keywords: readonly ('id' | 'name' | 'pinned')[],
): Exclude<Selector, { readonly tag: string }>;
export function takeSelector(
  words: Words,
  kind: string,
  keywords: readonly ('id' | 'name' | 'tag' | 'pinned')[],
): Selector;
export function takeSelector(
  words: Words,
  kind: string,
  keywords: readonly ('id' | 'name' | 'tag' | 'pinned')[],
): Selector {
  const word = words.take(`which ${kind}`);
  const keyword = keywords.find(keyword => keyword === word);
  switch (keyword) {
    case 'id':
      return { id: idOf(words.take('the id'), kind) };
    case 'name':
      return { name: words.take('the name') };
    case 'tag':
      return { tag: words.take('the tag') };
    case 'pinned':
      return { path: words.take('the path') };
    default:
      if (/^\d+$/.test(word)) return { id: Number(word) };
      if (word.includes('/')) return { path: word };
      throw new Refusal(`${kind} ${word}: say which by ${keywords.join(', ')}, a number, or a path`);
  }
}

function idOf(text: string, kind: string): number {
  if (!/^\d+$/.test(text)) throw new Refusal(`${kind} id ${text}: an id is a number`);
  return Number(text);
}
