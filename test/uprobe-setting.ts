import type { Test } from 'tap';
import { BpfObject, type Program } from '../src/index.js';
import { liveSys, type Sys } from '../src/syscall/index.js';
import { fixture } from './repository.js';
import { compileUser, startTarget, type UserTarget } from './user-target.js';

/** Answers each number of its input with a sum and what its counter is; a negative one makes it call libc's getppid, too. */
export const uprobeSource = `
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
unsigned short counter __attribute__((section(".probes"), used)) = 0;
__attribute__((noinline)) int work_twice(int x, const char *text) { __asm__ volatile("" :: "r"(text)); return 2 * x; }
__attribute__((noinline)) int work_more(int x) { __asm__ volatile("" ::: "memory"); return x + 100; }
int main(void) {
  char line[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof(line), stdin)) {
    int x = atoi(line);
    int sum = work_twice(x, "hello, uprobe");
    sum += work_more(x);
    if (x < 0) sum = getppid();
    printf("%d %d\\n", sum, counter);
  }
  return 0;
}
`;

export interface Seen {
  readonly entries: bigint;
  readonly returns: bigint;
  readonly arguments: bigint;
  readonly results: bigint;
  readonly cookies: bigint;
}

export interface Setting {
  readonly target: UserTarget;
  readonly program: Program;
  readonly seen: () => Seen;
  readonly text: () => string;
}

/** Registers are those of x86-64. */
export const isX86 = process.arch === 'x64';

/** Loads one program and starts a target for it. */
export async function setting(
  t: Test,
  name: string,
  { path = compileUser(uprobeSource), sys = liveSys() }: { path?: string; sys?: Sys } = {},
): Promise<Setting> {
  const target = await startTarget(t, path);
  const obj = BpfObject.open(fixture('test-links-uprobe'), { sys });
  t.teardown(() => obj.close());
  obj.globals['pid_filter'] = target.pid;
  obj.load({ programs: [name] });
  const { globals } = obj;
  const number = (field: keyof Seen) => globals[field] as bigint;
  return {
    target,
    program: obj.program(name),
    seen: () => ({
      entries: number('entries'),
      returns: number('returns'),
      arguments: isX86 ? number('arguments') : 0n,
      results: isX86 ? number('results') : 0n,
      cookies: number('cookies'),
    }),
    text: () => String(globals['text']),
  };
}

export const nothing: Seen = { entries: 0n, returns: 0n, arguments: 0n, results: 0n, cookies: 0n };

export function sums(seen: Partial<Seen>): Seen {
  const { arguments: args = 0n, results = 0n } = seen;
  return { ...nothing, ...seen, arguments: isX86 ? args : 0n, results: isX86 ? results : 0n };
}
