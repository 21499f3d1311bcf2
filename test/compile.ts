import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** What this process has compiled, by all that it depends on: clang takes seconds under emulation. */
const compiled = new Map<string, Uint8Array>();

/** Compiles C for BPF in a folder of the test's own; returns the object's path. */
export function compile(t: Test, source: string, name = 'test', clang = 'clang', cpu = 'v3'): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-object-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const object = join(folder, `${name}.bpf.o`);
  const key = JSON.stringify([source, name, clang, cpu]);
  const before = compiled.get(key);
  if (before) {
    writeFileSync(object, before);
    return object;
  }
  const file = join(folder, `${name}.c`);
  writeFileSync(file, prelude + source);
  run(clang, '-g', '-O2', '-w', '-target', 'bpf', `-mcpu=${cpu}`, '-c', file, '-o', object);
  compiled.set(key, readFileSync(object));
  return object;
}
