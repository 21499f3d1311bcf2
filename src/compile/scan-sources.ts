import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Clang } from './find-clang.js';

/**
 * The files that a source is made of, itself first, as clang's `-M` finds them; those that are missing are as they are written in their `#include`. Of a source
 * that cannot be preprocessed only what it names itself is known: compiling it says why.
 */
export function scanSources(clang: Clang, flags: readonly string[], path: string): string[] {
  const { status, stdout } = spawnSync(clang.program, [...flags, '-w', '-M', '-MG', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status === 0) return parseRule(stdout);
  const own = readFileSync(path, 'utf8').matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]/gm);
  return [path, ...[...own].map(([, name = '']) => name)];
}

/** The prerequisites of a rule for make: `hello.o: hello.c \⏎ my\ header.h`. */
export function parseRule(rule: string): string[] {
  const [, list = ''] = /^.*?:(?=\s)([\s\S]*)$/.exec(rule) ?? [];
  const words = list.replaceAll(/\\\r?\n/g, ' ').match(/(?:\\[ #]|\$\$|\S)+/g) ?? [];
  return words.map(word => word.replaceAll(/\\([ #])|\$(\$)/g, '$1$2'));
}
