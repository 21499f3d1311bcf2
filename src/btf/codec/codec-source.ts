/**
 * Source of functions that are made together, with the values they refer to. Nothing of BTF is in it but numbers,
 * and names as string literals ({@link literal}).
 */
export class CodecSource {
  readonly #functions: string[] = [];
  readonly #constants: unknown[] = [];
  readonly #constantNames = new Map<unknown, string>();

  /** The name that a value has in the source. */
  constant(value: unknown): string {
    let name = this.#constantNames.get(value);
    if (name === undefined) {
      name = `c${this.#constants.push(value)}`;
      this.#constantNames.set(value, name);
    }
    return name;
  }

  /** A name for a function that is defined later, so that it may be called before. */
  nextName(): string {
    return `f${this.#functions.push('')}`;
  }

  define(name: string, text: string): void {
    this.#functions[Number(name.slice(1)) - 1] = text;
  }

  get functionCount(): number {
    return this.#functions.length;
  }

  /** What an expression of the source is. Throws EvalError where code may not be generated. */
  evaluate(expression: string): unknown {
    const names = this.#constants.map((_, i) => `c${i + 1}`);
    const body = `'use strict';\n${this.#functions.join('\n')}\nreturn ${expression};`;
    return new Function(...names, body)(...this.#constants);
  }
}

/** A name of BTF as a string literal. */
export function literal(name: string): string {
  return JSON.stringify(name);
}

/** The key of an object literal: a property even if it is `__proto__`. */
export function key(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : literal(name);
}

/** `o + 12`, or `o`. */
export function at(offset: number): string {
  return offset ? `o + ${offset}` : 'o';
}

let allowed: boolean | undefined;

/** Whether code may be generated: not with `--disallow-code-generation-from-strings`, nor under most content security policies. */
export function mayGenerate(): boolean {
  if (allowed === undefined) {
    try {
      new Function('');
      allowed = true;
    } catch {
      allowed = false;
    }
  }
  return allowed;
}
