import { FormatError } from '../../errors/index.js';

/** Comparisons that are left: made-up types can be so alike that comparing each with each would not end. */
export class Budget {
  readonly #file: string;
  #left: number;

  constructor(comparisons: number, file: string) {
    this.#left = comparisons;
    this.#file = file;
  }

  /** Throws FormatError when nothing is left. */
  spend(): void {
    if (--this.#left < 0)
      throw new FormatError('too many of its types are alike to compare them all', {
        file: this.#file,
        section: '.BTF',
      });
  }
}
