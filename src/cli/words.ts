import { Refusal } from './refusal.js';

/** The words of a command line that are taken one after another, as bpftool's are: `id 7`, `key 1 value 2`. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** The next word, which stays. */
  get next(): string | undefined {
    return this.#words[this.#at];
  }

  /** Takes the next word; `what` it should be goes into the message when there is none. Throws Refusal. */
  take(what: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new Refusal(`${what} is missing at the end of the command line`);
    return word;
  }

  /** Takes the next word if it is this one. */
  skip(word: string): boolean {
    if (this.next !== word) return false;
    this.#at++;
    return true;
  }

  /** Takes the words up to the next of these, or the end. */
  until(...stops: readonly string[]): string[] {
    const start = this.#at;
    while (this.next !== undefined && !stops.includes(this.next)) this.#at++;
    return this.#words.slice(start, this.#at);
  }

  /** Nothing may be left. Throws Refusal. */
  end(): void {
    if (this.next !== undefined) throw new Refusal(`${this.next}: not expected here`);
  }
}
