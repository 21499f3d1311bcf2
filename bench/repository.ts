import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder, from dist/bench/. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

export const fixture = (name: string): string => join(repository, 'fixtures', `${name}.bpf.o`);
