/** Runs as an ordinary user with the capabilities that it was given; loads and attaches each program of test-privileges alone, and says what came of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { BpfObject, HashMap } from '../src/index.js';
import { fixture } from './repository.js';

const capabilities = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
process.stdout.write(`${JSON.stringify({ name: 'process', uid: process.getuid?.(), capabilities })}\n`);

for (const name of process.argv.slice(2))
  process.stdout.write(`${JSON.stringify({ name, ...tried(name) })}\n`);

/** How far a program came: the map's entries that it made, or the step that was refused. */
function tried(name: string): object {
  let step = 'load';
  try {
    using obj = BpfObject.open(fixture('test-privileges'), { file: 'privileges.bpf.o' });
    obj.globals['pid'] = process.pid;
    obj.load({ programs: [name] });
    step = 'attach';
    const program = obj.program(name);
    if (name === 'by_uprobe')
      program.attachTo({ kind: 'uprobe_multi', binary: 'libc.so.6', symbols: ['getppid'] });
    else if (name !== 'leak') program.attach();
    step = 'run';
    writeFileSync('/proc/self/comm', 'renamed');
    const parent = process.ppid;
    return { step: 'done', parent, seen: [...obj.map('seen', HashMap)].length };
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return { step, code, message };
  }
}
