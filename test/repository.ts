import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder, from the sources as from the compiled tests in dist/. */
export const repository = nearestPackage(dirname(fileURLToPath(import.meta.url)));

/** Path of a committed object, e.g. `fixture('minimal')`. */
export function fixture(name: string): string {
  return join(repository, 'fixtures', `${name}.bpf.o`);
}

/** The bytes of a committed object. */
export function fixtureBytes(name: string): Uint8Array {
  return readFileSync(fixture(name));
}

function nearestPackage(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above the tests');
  return nearestPackage(parent);
}
