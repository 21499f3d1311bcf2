import { FormatError } from '../../errors/index.js';
import type { BtfFuncProto, BtfType, BtfTypes, BtfTypeTag } from '../types.js';

/** What stands in a declaration besides its punctuation. */
export interface DeclaratorWords {
  /** The words on the left: `struct x`, a typedef's name, or all of an anonymous type. */
  specifier(type: BtfType): string;
  parameter(name: string): string;
  /** A type tag as an attribute, after a space; tags and qualifiers are left out where this is missing. */
  tag?(type: BtfTypeTag): string;
}

/** Whether a space is due before what is written so far: always, behind a word but not behind `*`, or never. */
type Gap = 'always' | 'word' | 'never';

/**
 * `name` declared as of type `id`, spaced as libbpf does. Throws FormatError for types without end. Built from the name outwards: what comes next in the chain of types goes to the left of a
 * pointer, to the right of an array or function.
 */
export function declarator(btf: BtfTypes, id: number, name: string, words: DeclaratorWords): string {
  return declared(btf, id, name, words, { left: btf.endId + 1000, depth: 0 });
}

/** How many types a declarator may still speak of (a circle has no end), and how deep in the parameters of functions it is. */
interface Bounds {
  left: number;
  depth: number;
}

/** C compilers give up at 256 nested brackets. */
const MAX_DEPTH = 250;

function declared(btf: BtfTypes, id: number, name: string, words: DeclaratorWords, bounds: Bounds): string {
  const named: Gap = name === '' ? 'never' : 'word';
  let text = name;
  let gap: Gap = named;
  let qualifiers = '';
  let tags = '';
  for (;;) {
    const type = btf.type(id);
    if (bounds.left-- <= 0 || bounds.depth > MAX_DEPTH)
      throw new FormatError('its declaration has no end', { section: '.BTF', field: `type ${id}` });
    switch (type.kind) {
      case 'const':
      case 'volatile':
      case 'restrict':
        if (words.tag && !qualifiers.includes(type.kind)) qualifiers += ` ${type.kind}`;
        break;
      case 'type_tag':
        tags = (words.tag?.(type) ?? '') + tags;
        break;
      case 'ptr': {
        const behind = qualifiers + tags;
        text = `*${behind}${joined(gap, behind !== '', text)}`;
        gap = 'word';
        qualifiers = tags = '';
        break;
      }
      case 'array':
        // The qualifiers of an array are those of its elements.
        if (text.startsWith('*')) {
          text = `(${text})`;
          gap = named;
        }
        text += `[${type.nelems}]`;
        break;
      case 'func_proto':
        if (text.startsWith('*')) {
          text = `(${text})`;
          gap = 'always';
        }
        text += `(${parameters(btf, type, words, bounds)})`;
        // gcc describes a noreturn function as volatile.
        qualifiers = tags = '';
        break;
      default: {
        const left = qualifiers === '' ? '' : `${qualifiers.slice(1)} `;
        return left + words.specifier(type) + tags + joined(gap, true, text);
      }
    }
    id = type.type;
  }
}

function joined(gap: Gap, afterWord: boolean, text: string): string {
  return gap === 'always' || (gap === 'word' && afterWord) ? ` ${text}` : text;
}

function parameters(btf: BtfTypes, { params }: BtfFuncProto, words: DeclaratorWords, bounds: Bounds): string {
  if (params.length === 0) return 'void';
  bounds.depth++;
  const texts = params.map(({ name, type }, i) =>
    type === 0 && i > 0 && i === params.length - 1
      ? '...'
      : declared(btf, type, words.parameter(name), words, bounds),
  );
  bounds.depth--;
  return texts.join(', ');
}
