import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Btf } from '../../src/btf/index.js';
import { parseElf } from '../../src/elf/index.js';
import { repository } from '../repository.js';

/** What inputs are made of. */
export interface Corpus {
  /** Every fixture, of both byte orders. */
  readonly objects: readonly Sample[];
  /** The BTF of the fixtures, with `.BTF.ext`. */
  readonly blobs: readonly BlobSample[];
  /** The BTF of the running kernel, where it can be read. */
  readonly vmlinux: Uint8Array | undefined;
  readonly vmlinuxBtf: Btf | undefined;
}

export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface BlobSample extends Sample {
  /** The object that it is out of. */
  readonly object: Uint8Array;
  readonly ext: Uint8Array;
}

const vmlinuxPath = '/sys/kernel/btf/vmlinux';

export function readCorpus(): Corpus {
  const folders = ['fixtures', 'fixtures/be'];
  const objects = folders.flatMap(folder =>
    readdirSync(join(repository, folder))
      .filter(name => name.endsWith('.bpf.o'))
      .sort()
      .map(name => ({
        name: `${folder}/${name}`,
        bytes: new Uint8Array(readFileSync(join(repository, folder, name))),
      })),
  );
  const blobs = objects.flatMap(({ name, bytes }): BlobSample[] => {
    const elf = parseElf(bytes, name);
    const btf = elf.section('.BTF')?.data.slice();
    const ext = elf.section('.BTF.ext')?.data.slice() ?? new Uint8Array(0);
    return btf ? [{ name: `BTF of ${name}`, object: bytes, bytes: btf, ext }] : [];
  });
  const vmlinux = existsSync(vmlinuxPath) ? readVmlinux() : undefined;
  return { objects, blobs, vmlinux, vmlinuxBtf: vmlinux && Btf.parse(vmlinux, { file: vmlinuxPath }) };
}

function readVmlinux(): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(vmlinuxPath));
  } catch {
    return undefined;
  }
}
