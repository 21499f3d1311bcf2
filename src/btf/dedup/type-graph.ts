import { FormatError } from '../../errors/index.js';
import type { Btf } from '../btf.js';
import { mapTypeIds, wordCount } from '../fields.js';
import { kindOf, vlenOf } from '../kinds.js';

/** A BTF joined to those it is split from, as words that can be changed. Type 0 is there, too: words that are all zero. */
export class TypeGraph {
  readonly words: Uint32Array;
  /** Word index of each type, by id. */
  readonly at: Uint32Array;
  readonly startId: number;
  readonly endId: number;
  readonly file: string;

  /** Throws FormatError when a type refers to one that is not there. */
  constructor(btf: Btf) {
    const chain: Btf[] = [];
    for (let link: Btf | undefined = btf; link; link = link.base) chain.unshift(link);
    this.startId = btf.startId;
    this.endId = btf.endId;
    this.file = btf.file;
    this.words = new Uint32Array(chain.reduce((sum, { words }) => sum + words.length, 3));
    this.at = new Uint32Array(btf.endId);
    let end = 3;
    for (const link of chain) {
      this.words.set(link.words, end);
      for (let id = link.startId; id < link.endId; id++) this.at[id] = end + link.wordIndex(id);
      end += link.words.length;
    }
    let checked = 0;
    const check = (ref: number): number => {
      if (ref >= this.endId) throw this.error(checked, `refers to type ${ref}, which is not there`);
      return ref;
    };
    for (checked = 1; checked < this.endId; checked++)
      mapTypeIds(this.words, this.at[checked] as number, check);
  }

  /** `BTF_KIND_*` */
  kind(id: number): number {
    return kindOf(this.words[(this.at[id] as number) + 1] as number);
  }

  vlen(id: number): number {
    return vlenOf(this.words[(this.at[id] as number) + 1] as number);
  }

  wordCount(id: number): number {
    return wordCount(this.words, this.at[id] as number);
  }

  error(id: number, reason: string): FormatError {
    return new FormatError(reason, { file: this.file, section: '.BTF', field: `type ${id}` });
  }
}
