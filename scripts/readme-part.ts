import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package. */
export const root = packageFolder(dirname(fileURLToPath(import.meta.url)));
const readme = join(root, 'README.md');

function packageFolder(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageFolder(dirname(folder));
}

/** A part of the README that a script writes: what stands between two comments. */
export class ReadmePart {
  readonly #begin: string;
  readonly #end: string;

  constructor(name: string, script: string) {
    this.#begin = `<!-- ${name}: scripts/${script} -->`;
    this.#end = `<!-- end of ${name} -->`;
  }

  write(content: string): void {
    writeFileSync(readme, this.#with(content));
  }

  /** Whether it says this already. */
  is(content: string): boolean {
    return this.#with(content) === readFileSync(readme, 'utf8');
  }

  #with(content: string): string {
    const [before, rest = ''] = readFileSync(readme, 'utf8').split(this.#begin);
    const [, after] = rest.split(this.#end);
    if (before === undefined || after === undefined)
      throw new Error(`README.md: no place for it: ${this.#begin} … ${this.#end}`);
    return `${before}${this.#begin}\n${content}\n${this.#end}${after}`;
  }
}
