import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { run } from './live.js';

const prelude = `
typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]
char LICENSE[] SEC("license") = "GPL";
`;

/** Compiles C for BPF in a folder of the test's own; returns the object's path. */
export function compile(t: Test, source: string, name = 'test', clang = 'clang', cpu = 'v3'): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-object-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, `${name}.c`);
  writeFileSync(file, prelude + source);
  const object = join(folder, `${name}.bpf.o`);
  run(clang, '-g', '-O2', '-w', '-target', 'bpf', `-mcpu=${cpu}`, '-c', file, '-o', object);
  return object;
}
