import { accessSync, constants } from 'node:fs';
import { release } from 'node:os';
import { relative } from 'node:path';
import { heading } from './output.js';
import { packageFolder, packageVersion } from './own-package.js';
import { paint } from './paint.js';

/** What `rawbpf` alone prints: what it is, and what works right away for this user on this machine. */
export function welcome(): string {
  const name = process.env['npm_command'] === 'exec' ? 'npx rawbpf' : 'rawbpf';
  const suggestions = [...suggest()].map(([args, what]) => [`${name} ${args}`, what] as const);
  const width = Math.max(...suggestions.map(([command]) => command.length));
  return [
    `${heading(`rawbpf ${packageVersion()}`)}: eBPF down to the syscall.`,
    'It looks into compiled BPF programs, loads and runs them, and shows what the kernel holds.',
    here(),
    '',
    heading('Try:'),
    ...suggestions.map(([command, what]) => `  ${paint('cyan', command.padEnd(width))}  ${what}`),
  ].join('\n');
}

/** What works here. */
function here(): string {
  if (process.platform !== 'linux')
    return `This is ${process.platform}: what reads files works; what calls the kernel needs Linux.`;
  if (process.getuid?.() !== 0) return 'You are not root: what reads files works; put sudo before the rest.';
  return `This is Linux ${release()}, and you are root: all of it works.`;
}

/** Arguments of commands that work, and what each does. */
function* suggest(): Generator<[string, string]> {
  const object = shown(`${packageFolder()}/fixtures/minimal.bpf.o`);
  yield [`inspect ${object}`, 'what is in an object'];
  yield [`plan ${object}`, 'the bpf() calls that loading it would make'];
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    yield [`load ${object}`, 'make them'];
    yield ['prog list', 'the programs that the kernel runs'];
  } else if (readable('/sys/kernel/btf/vmlinux'))
    yield ['btf dump vmlinux --format c', 'the types of the running kernel'];
  yield ['--help', 'everything else'];
}

/** The shorter way to write a path, quoted where a shell needs it. */
function shown(path: string): string {
  const short = relative('', path);
  const chosen = short.length < path.length ? short : path;
  return /^[\w./@+-]+$/.test(chosen) ? chosen : `'${chosen.replaceAll("'", `'\\''`)}'`;
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
