import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/** Debian packages that carry BPF objects: as files, or inside of their binaries. */
export const packages = ['libbpf-tools', 'xdp-tools', 'libxdp1', 'golang-github-cilium-ebpf-dev'] as const;
export type Package = (typeof packages)[number];

/** Outside the repository, kept between runs. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rawbpf');

/**
 * Paths of the BPF objects of a package, downloaded from the Debian mirror that this machine's apt uses, unless they are there already. Throws when
 * they cannot be had.
 */
export function thirdPartyObjects(name: Package): string[] {
  const folder = join(cache, 'packages', name);
  if (!existsSync(folder)) {
    mkdirSync(join(cache, 'packages'), { recursive: true });
    const scratch = mkdtempSync(`${folder}.`);
    try {
      unpack(name, scratch);
      const objects = join(scratch, 'objects');
      carveAll(join(scratch, 'root'), objects);
      renameSync(objects, folder);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  }
  return readdirSync(folder)
    .sort()
    .map(file => join(folder, file));
}

/** Compiles a program of test/peers against a libbpf; kept between runs, so that guests without a compiler find it. */
export function cachedPeer(source: string): string {
  const folder = join(cache, 'peers');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, basename(source, '.c'));
  const kept = `${program}.c`;
  const text = readFileSync(source, 'utf8');
  if (existsSync(program) && existsSync(kept) && readFileSync(kept, 'utf8') === text) return program;
  execFileSync('gcc', ['-O1', '-o', program, source, '-lbpf', '-lelf', '-lz'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  writeFileSync(kept, text);
  return program;
}

function unpack(name: string, folder: string): void {
  const quiet = {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
  };
  try {
    execFileSync('apt-get', ['download', '-q', name], quiet);
  } catch {
    // A fresh machine has no lists of packages yet.
    execFileSync('apt-get', ['update', '-q'], quiet);
    execFileSync('apt-get', ['download', '-q', name], quiet);
  }
  const archive = readdirSync(folder).find(file => file.endsWith('.deb'));
  if (!archive) throw new Error(`apt-get download ${name} left no package`);
  execFileSync('dpkg-deb', ['-x', archive, 'root'], quiet);
}

function carveAll(root: string, folder: string): void {
  mkdirSync(folder);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = readFileSync(join(entry.parentPath ?? entry.path, entry.name));
    for (const [index, object] of [...bpfObjects(bytes)].entries())
      writeFileSync(
        join(folder, `${entry.name.replace(/\.\w+$/, '')}${index ? `-${index}` : ''}.bpf.o`),
        object,
      );
  }
}

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2]);
const emBpf = 247;
const relocatable = 1;

/** Every relocatable ELF file of machine EM_BPF in some bytes. Compilers end a file with its table of section headers. */
function* bpfObjects(bytes: Buffer): Generator<Buffer> {
  for (let at = bytes.indexOf(elfMagic); at >= 0; at = bytes.indexOf(elfMagic, at + 1)) {
    if (at + 64 > bytes.length) return;
    const big = bytes[at + 5] === 2;
    const u16 = (offset: number) => (big ? bytes.readUInt16BE(at + offset) : bytes.readUInt16LE(at + offset));
    const u64 = (offset: number) =>
      Number(big ? bytes.readBigUInt64BE(at + offset) : bytes.readBigUInt64LE(at + offset));
    if (u16(16) !== relocatable || u16(18) !== emBpf) continue;
    const end = at + u64(40) + u16(58) * u16(60);
    if (end <= bytes.length) yield bytes.subarray(at, end);
  }
}
