import { FormatError } from '../../errors/index.js';

/** A value in a JSON document that someone else wrote, with the path by which it is named in errors: `meta.bpf_skel.progs[0].name`. */
export class JsonReader {
  readonly #value: unknown;
  readonly #file: string;
  readonly #path: string;

  constructor(value: unknown, file: string, path = '') {
    this.#value = value;
    this.#file = file;
    this.#path = path;
  }

  /** False where the document says nothing or null. */
  get isThere(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  get isList(): boolean {
    return Array.isArray(this.#value);
  }

  /** The value as it is. */
  get raw(): unknown {
    return this.#value;
  }

  /** A member; of what is not there nothing is there either. Throws FormatError when this is no object. */
  at(name: string): JsonReader {
    if (!this.isThere) return this.#child(undefined, name);
    if (typeof this.#value !== 'object' || this.isList) throw this.error('is to be an object');
    return this.#child((this.#value as Record<string, unknown>)[name], name);
  }

  /** The elements; none where nothing is there. Throws FormatError when this is no array. */
  list(): JsonReader[] {
    if (!this.isThere) return [];
    if (!Array.isArray(this.#value)) throw this.error('is to be an array');
    return this.#value.map((each, i) => new JsonReader(each, this.#file, `${this.#path}[${i}]`));
  }

  /** Throws FormatError when it is not there, or is something else. */
  string(): string {
    if (typeof this.#value !== 'string') throw this.error('is to be a string');
    return this.#value;
  }

  /** A whole number from 0. Throws FormatError when it is not there, or is something else. */
  size(): number {
    if (!Number.isSafeInteger(this.#value) || (this.#value as number) < 0)
      throw this.error('is to be a whole number from 0');
    return this.#value as number;
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') throw this.error('is to be true or false');
    return this.#value;
  }

  /** What `read` makes of it, undefined where nothing is there. */
  maybe<T>(read: (reader: JsonReader) => T): T | undefined {
    return this.isThere ? read(this) : undefined;
  }

  error(reason: string, cause?: unknown): FormatError {
    const place = { file: this.#file, ...(this.#path ? { field: this.#path } : {}) };
    return new FormatError(this.isThere ? reason : `is missing: it ${reason}`, place, { cause });
  }

  #child(value: unknown, name: string): JsonReader {
    return new JsonReader(value, this.#file, this.#path ? `${this.#path}.${name}` : name);
  }
}
