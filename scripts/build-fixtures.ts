/**
 * Compiles bpf/*.bpf.c to fixtures/ (little-endian) and fixtures/be/ (big-endian); run at the root of the repository.
 *
 * `node dist/scripts/build-fixtures.js` rebuilds; `--check` builds elsewhere and fails unless the instructions are those committed, and,
 * with the clang that built those, the sections of maps and types, too. `CLANG` names another compiler.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type ElfFile, parseElf, SHF_EXECINSTR } from '../src/elf/index.js';

const versionFile = 'fixtures/BUILT-WITH';
const targets = [
  { target: 'bpf', folder: '.' },
  { target: 'bpfeb', folder: 'be' },
];
/** Where Debian keeps <asm/types.h>, which the BPF target does not search. */
const multiarch: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
};

function findClang(): string {
  for (const name of [process.env['CLANG'], 'clang-14', 'clang'])
    if (name)
      try {
        execFileSync(name, ['--version'], { stdio: 'ignore' });
        return name;
      } catch {
        if (name === process.env['CLANG']) break;
      }
  throw new Error('no clang found: apt-get install clang llvm libbpf-dev, or set CLANG');
}

function build(clang: string, root: string): string[] {
  const strip = join(dirname(clang), basename(clang).replace('clang', 'llvm-strip'));
  const sources = readdirSync('bpf').filter(name => name.endsWith('.bpf.c'));
  return targets.flatMap(({ target, folder }) => {
    mkdirSync(join(root, folder), { recursive: true });
    return sources.map(source => {
      const object = join(folder, source.replace(/\.c$/, '.o'));
      const out = join(root, object);
      // The prefix map keeps this machine's paths out of the line info; stripping drops DWARF and keeps BTF.
      const options = [
        '-g',
        '-O2',
        '-Wall',
        '-Werror',
        '-target',
        target,
        '-mcpu=v3',
        `-ffile-prefix-map=${process.cwd()}=`,
      ];
      const include = `/usr/include/${multiarch[process.arch]}`;
      execFileSync(clang, [...options, '-idirafter', include, '-c', `bpf/${source}`, '-o', out], {
        stdio: 'inherit',
      });
      execFileSync(strip, ['-g', out], { stdio: 'inherit' });
      return object;
    });
  });
}

/** What differs between the committed object and the one just built. */
function differences(object: string, root: string, sameClang: boolean): string[] {
  if (!existsSync(join('fixtures', object))) return ['not committed'];
  const [committed, built] = ['fixtures', root].map(folder =>
    parseElf(readFileSync(join(folder, object)), join(folder, object)),
  ) as [ElfFile, ElfFile];
  const code = (elf: ElfFile): Map<string, Uint8Array> =>
    new Map(elf.sections.filter(s => s.flags & SHF_EXECINSTR && s.size > 0).map(s => [s.name, s.data]));
  const [old, now] = [code(committed), code(built)];
  const found = [...new Set([...old.keys(), ...now.keys()])]
    .filter(name => Buffer.compare(old.get(name) ?? Buffer.of(), now.get(name) ?? Buffer.of()) !== 0)
    .map(name => `instructions of ${name}`);
  for (const name of sameClang ? ['.maps', '.BTF'] : []) {
    const [before, after] = [committed, built].map(elf => elf.section(name)?.size ?? 0);
    if (before !== after) found.push(`size of ${name}: ${before} committed, ${after} built`);
  }
  return found;
}

function check(clang: string, version: string): void {
  const builtWith = readFileSync(versionFile, 'utf8').trim();
  const root = mkdtempSync(join(tmpdir(), 'rawbpf-fixtures-'));
  try {
    const objects = build(clang, root);
    const wrong = objects.flatMap(object =>
      differences(object, root, version === builtWith).map(what => `fixtures/${object}: ${what}`),
    );
    const how =
      version === builtWith ? version : `${version}, instructions only: they were built with ${builtWith}`;
    if (wrong.length > 0) {
      console.error(
        `fixtures differ from bpf/ (${how}):\n  ${wrong.join('\n  ')}\nrebuild: node dist/scripts/build-fixtures.js`,
      );
      process.exitCode = 1;
    } else console.log(`${objects.length} fixtures agree with bpf/ (${how})`);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const clang = findClang();
const version = execFileSync(clang, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
if (process.argv.includes('--check')) check(clang, version);
else {
  const objects = build(clang, 'fixtures');
  writeFileSync(versionFile, `${version}\n`);
  console.log(`${objects.length} fixtures built by ${version}`);
}
