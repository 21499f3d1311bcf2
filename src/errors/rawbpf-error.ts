const brand = Symbol.for('rawbpf.error');

/** True when `value` is an error of the class with this stable `code`, whichever copy of the package made it. */
function isBranded(value: unknown, name: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [brand]?: string[] })[brand]?.includes(name) === true
  );
}

/**
 * Base of every error that rawbpf throws on purpose.
 *
 * `message` is one line; `explain()` is the long story. `code` is stable and can be tested by a program.
 * `instanceof` holds across two copies of the package, because it reads a brand under `Symbol.for`.
 */
export abstract class RawbpfError extends Error {
  /** Stable identifier such as `ERR_RAWBPF_FORMAT`. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    const names: string[] = [];
    for (
      let c = new.target as unknown as { name: string } | null;
      c?.name && c.name !== 'Error';
      c = Object.getPrototypeOf(c)
    )
      names.push(c.name);
    Object.defineProperty(this, brand, { value: names });
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true });
  }

  /** The long story: what happened, why, and what to do about it. */
  explain(): string {
    return this.message;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class on the right of `instanceof`.
    return isBranded(value, this.name);
  }
}
