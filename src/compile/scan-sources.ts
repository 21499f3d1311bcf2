import { spawnSync } from 'node:child_process';
import type { Clang } from './find-clang.js';

/**
 * The files that a source is made of, itself first, as clang's `-M` finds them; those that are missing are as they are written in their `#include`. Only the source
 * where it cannot be preprocessed: compiling it says why.
 */
export function scanSources(clang: Clang, flags: readonly string[], path: string): string[] {
  const { status, stdout } = spawnSync(clang.program, [...flags, '-w', '-M', '-MG', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? parseRule(stdout) : [path];
}

/** The prerequisites of a rule for make: `hello.o: hello.c \⏎ my\ header.h`. */
export function parseRule(rule: string): string[] {
  const [, list = ''] = /^.*?:(?=\s)([\s\S]*)$/.exec(rule) ?? [];
  const words = list.replaceAll(/\\\r?\n/g, ' ').match(/(?:\\[ #]|\$\$|\S)+/g) ?? [];
  return words.map(word => word.replaceAll(/\\([ #])|\$(\$)/g, '$1$2'));
}
