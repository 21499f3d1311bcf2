import { RelocationFault } from './relocation-fault.js';

/** How many types one relocation may look at; real ones need a few thousand at the most. */
const limit = 1_000_000;

/** Ends the matching of types that refer to one another in more ways than can be followed. */
export class Budget {
  #left = limit;

  /** Throws RelocationFault when the budget is used up. */
  spend(): void {
    if (this.#left-- === 0) throw new RelocationFault('the types are nested in too many ways to be compared');
  }
}
