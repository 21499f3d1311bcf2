import { Btf } from '../../src/btf/index.js';
import type { BlobSample, Corpus } from './corpus.js';
import { mutateBtf } from './mutate-btf.js';
import { mutateElf } from './mutate-elf.js';
import { mutateExt } from './mutate-ext.js';
import { Random } from './random.js';
import {
  attempt,
  exerciseBtf,
  exerciseExt,
  exerciseKernelBtf,
  exerciseObject,
  exerciseType,
} from './targets.js';

/** A damaged input and what to do with it. */
export interface FuzzInput {
  readonly name: string;
  /** True when it was accepted, false when it was refused by an error of ours. */
  run(): boolean;
}

/** Types of vmlinux that one input looks at: all of them would take seconds. */
const vmlinuxTypes = 200;

/** The input that a seed stands for, given the corpus. */
export function makeInput(seed: number, corpus: Corpus): FuzzInput {
  const random = new Random(seed);
  const kind = random.below(100);
  if (kind < 55) return damagedObject(random, corpus);
  const sample = random.pick(corpus.blobs);
  if (kind < 75) return damagedBlob(random, sample);
  if (kind < 83) return damagedSplit(random, sample, random.pick(corpus.blobs));
  if (kind < 88) return damagedKernelBtf(random, random.pick(corpus.blobs));
  if (kind < 97 || !corpus.vmlinux) return damagedExt(random, sample);
  return damagedVmlinux(random, corpus.vmlinux);
}

function damagedObject(random: Random, corpus: Corpus): FuzzInput {
  const { name, bytes } = random.pick(corpus.objects);
  const other = random.pick(corpus.objects).bytes;
  const damaged = repeated(random, bytes, mutateElf);
  return { name, run: () => exerciseObject(damaged, other, corpus.vmlinuxBtf) };
}

function damagedBlob(random: Random, { name, bytes }: BlobSample): FuzzInput {
  const damaged = repeated(random, bytes, mutateBtf);
  return { name, run: () => exerciseBtf(damaged) };
}

/** An object's own BTF will do as a kernel's: relocations then find what they look for, or what is left of it. */
function damagedKernelBtf(random: Random, { name, object, bytes }: BlobSample): FuzzInput {
  const damaged = repeated(random, bytes, mutateBtf);
  return { name: `${name} as the kernel's`, run: () => exerciseKernelBtf(object, damaged) };
}

/** Any blob will do as one that is split from another: its references then are to types of the base. */
function damagedSplit(random: Random, base: BlobSample, split: BlobSample): FuzzInput {
  const damaged = repeated(random, split.bytes, mutateBtf);
  return {
    name: `${split.name} split from ${base.name}`,
    run: () => exerciseBtf(damaged, Btf.parse(base.bytes)),
  };
}

function damagedExt(random: Random, { name, bytes, ext }: BlobSample): FuzzInput {
  const blob = random.below(3) === 0 ? repeated(random, bytes, mutateBtf) : bytes;
  const damaged = repeated(random, ext, mutateExt);
  return { name: `.BTF.ext of ${name}`, run: () => exerciseExt(damaged, blob) };
}

function damagedVmlinux(random: Random, bytes: Uint8Array): FuzzInput {
  const damaged = bytes.slice();
  const view = new DataView(damaged.buffer);
  for (let i = random.below(4); i >= 0; i--) {
    // Mostly deep in the types; sometimes in the header.
    const limit = random.below(10) === 0 ? 6 : 0x100000;
    view.setUint32(
      4 * random.below(limit),
      random.pick([0, 1, 0xffffffff, random.u32(), random.below(130000)]),
      true,
    );
  }
  const picks = Array.from({ length: vmlinuxTypes }, () => random.below(140000));
  return {
    name: 'BTF of the running kernel',
    run: () => exerciseBtfTypes(damaged, picks),
  };
}

function exerciseBtfTypes(bytes: Uint8Array, ids: readonly number[]): boolean {
  const btf = attempt(() => Btf.parse(bytes, { file: 'damaged vmlinux' }));
  if (!btf) return false;
  for (const id of ids) exerciseType(btf, id);
  return true;
}

/** Damages a copy, once or a few times. */
function repeated(
  random: Random,
  bytes: Uint8Array,
  mutate: (random: Random, bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  let damaged = bytes.slice();
  for (let times = random.pick([1, 1, 1, 2, 3, 5]); times > 0; times--)
    damaged = mutate(random, damaged) as typeof damaged;
  return damaged;
}
