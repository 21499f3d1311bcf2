import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotAtHand } from './compare.js';

/** Debian's package of bcc's tools on libbpf: each binary holds its BPF object. */
const debianPackage = 'libbpf-tools';

/** Carves the largest BPF object out of the binaries of libbpf-tools, installed or downloaded. Writes it into `folder`; throws NotAtHand. */
export function largestTool(folder: string): string {
  let largest: { readonly name: string; readonly bytes: Buffer } | undefined;
  for (const path of binaries(folder)) {
    const bytes = carve(readFileSync(path));
    if (bytes && bytes.length > (largest?.bytes.length ?? 0))
      largest = { name: path.split('/').at(-1) ?? '', bytes };
  }
  if (!largest) throw new NotAtHand(`no BPF object in the binaries of ${debianPackage}`);
  const object = join(folder, `${largest.name}.bpf.o`);
  writeFileSync(object, largest.bytes);
  return object;
}

function binaries(folder: string): string[] {
  const installed = attempt('dpkg-query', ['-L', debianPackage], folder)?.split('\n') ?? [];
  const found = installed.filter(path => path.startsWith('/usr/sbin/'));
  if (found.length > 0) return found;
  const download = join(folder, debianPackage);
  mkdirSync(download, { recursive: true });
  attempt('apt-get', ['download', '-q', debianPackage], download);
  const archive = readdirSync(download).find(name => name.endsWith('.deb'));
  if (!archive || attempt('dpkg-deb', ['-x', archive, '.'], download) === undefined)
    throw new NotAtHand(`Debian's ${debianPackage} is neither installed nor to be downloaded`);
  return readdirSync(join(download, 'usr/sbin')).map(name => join(download, 'usr/sbin', name));
}

function attempt(program: string, args: readonly string[], cwd: string): string | undefined {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 60_000,
    });
  } catch {
    return undefined;
  }
}

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
const emBpf = 247;

/** The 64-bit little-endian ELF file of machine EM_BPF inside other bytes: it ends with its table of section headers. */
function carve(bytes: Buffer): Buffer | undefined {
  for (let at = bytes.indexOf(elfMagic, 1); at >= 0; at = bytes.indexOf(elfMagic, at + 1)) {
    if (bytes.readUInt16LE(at + 18) !== emBpf) continue;
    const length =
      Number(bytes.readBigUInt64LE(at + 40)) + bytes.readUInt16LE(at + 58) * bytes.readUInt16LE(at + 60);
    if (at + length <= bytes.length) return bytes.subarray(at, at + length);
  }
  return undefined;
}
