import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** This package's own files, by its own name: the modules of the command are in different places before and after scripts/bundle.ts. */
const own = createRequire(import.meta.url);

export function packageVersion(): string {
  return own('rawbpf/package.json').version;
}

export function packageFolder(): string {
  return dirname(own.resolve('rawbpf/package.json'));
}
