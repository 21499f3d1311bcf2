import { isDeepStrictEqual } from 'node:util';
import {
  Btf,
  type BtfTypes,
  codec,
  dedupBtf,
  dumpC,
  dumpJson,
  dumpRaw,
  parseBtfExt,
  typeName,
} from '../../src/btf/index.js';
import { parseElf } from '../../src/elf/index.js';
import { RawbpfError } from '../../src/errors/index.js';
import { disassemble } from '../../src/insn/index.js';
import {
  eventTypeId,
  inspectObject,
  type KernelView,
  linkObjects,
  newestKernel,
  type ObjectSpec,
  parseObject,
  planLoad,
} from '../../src/object/index.js';

/** Runs one step; undefined when the input was refused by an error of ours. Any other error goes through. */
export function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof RawbpfError) return undefined;
    throw error;
  }
}

/**
 * Does with an object what the library does short of asking a kernel: linking it with `other`, loading it into kernels with that BTF or none. True when
 * it was accepted.
 */
export function exerciseObject(bytes: Uint8Array, other: Uint8Array, vmlinux: BtfTypes | undefined): boolean {
  const elf = attempt(() => parseElf(bytes, 'damaged.bpf.o'));
  for (const section of elf?.sections ?? []) elf?.relocations(section);
  const spec = attempt(() => parseObject(bytes, { file: 'damaged.bpf.o' }));
  if (!spec) return false;
  attempt(() => inspectObject(spec));
  for (const map of spec.maps) attempt(() => eventTypeId(spec, map));
  for (const kernel of kernels(vmlinux)) attempt(() => planLoad(spec, kernel));
  for (const { name } of spec.programs) attempt(() => planLoad(spec, newestKernel(), { programs: [name] }));
  disassembleAll(spec);
  exerciseLinker([bytes]);
  exerciseLinker([bytes, other]);
  return true;
}

function exerciseLinker(objects: readonly Uint8Array[]): void {
  const linked = attempt(() =>
    linkObjects(objects.map((bytes, i) => ({ file: `damaged${i}.bpf.o`, bytes }))),
  );
  if (linked) attempt(() => parseObject(linked.bytes, { file: 'linked.bpf.o' }));
}

/** Plans a sound object for a kernel whose BTF is damaged. True when the BTF was accepted. */
export function exerciseKernelBtf(object: Uint8Array, bytes: Uint8Array): boolean {
  const btf = attempt(() => Btf.parse(bytes, { file: 'damaged vmlinux' }));
  if (!btf) return false;
  const spec = parseObject(object, { file: 'sound.bpf.o' });
  attempt(() => planLoad(spec, newestKernel({ btf })));
  for (const { name } of spec.programs)
    attempt(() => planLoad(spec, newestKernel({ btf }), { programs: [name] }));
  return true;
}

function kernels(vmlinux: BtfTypes | undefined): KernelView[] {
  const newest = newestKernel();
  const kernels = [newest, { ...newest, release: '4.9.0', has: () => false }];
  return vmlinux ? [...kernels, newestKernel({ btf: vmlinux })] : kernels;
}

function disassembleAll(spec: ObjectSpec): void {
  for (const { insns } of [...spec.programs, ...spec.subprogs])
    attempt(() => disassemble(insns, spec.endian));
}

/** Reads every type of a blob in every way. True when it was accepted. */
export function exerciseBtf(bytes: Uint8Array, base?: Btf): boolean {
  const btf = attempt(() => Btf.parse(bytes, { file: 'damaged', ...(base ? { base } : {}) }));
  if (!btf) return false;
  attempt(() => {
    for (const _ of dumpRaw(btf));
  });
  attempt(() => dumpJson(btf));
  attempt(() => {
    for (const _ of dumpC(btf));
  });
  const smaller = attempt(() => dedupBtf(btf));
  if (smaller) Btf.parse(smaller.bytes, base ? { base } : {});
  for (let id = btf.startId; id < btf.endId; id++) exerciseType(btf, id);
  return true;
}

/** Largest value that is decoded: what matters is where it is read, not how long it takes. */
const maxValue = 1 << 14;

export function exerciseType(btf: BtfTypes, id: number): void {
  const type = attempt(() => btf.type(id));
  if (!type) return;
  attempt(() => typeName(btf, id));
  attempt(() => btf.findAllByName(type.name));
  attempt(() => btf.resolved(id));
  const size = attempt(() => btf.sizeOf(id));
  if (size === undefined || size > maxValue) return;
  const own = attempt(() => codec(btf, id));
  if (own && own.size <= maxValue) staysInside(own);
}

/** A value is read and written the same whatever stands around its bytes, and writing leaves that alone. */
function staysInside(own: ReturnType<typeof codec>): void {
  const margin = 64;
  const around = [0x00, 0xff].map(byte => new Uint8Array(own.size + 2 * margin).fill(byte));
  const windows = around.map(bytes => bytes.subarray(margin, margin + own.size).fill(0x35));
  const values = windows.map(window => own.read(window));
  if (!isDeepStrictEqual(values[0], values[1]))
    throw new Error(`type ${own.typeId}: reads outside its buffer`);
  for (const [i, window] of windows.entries()) {
    try {
      own.write(window, values[i]);
    } catch (error) {
      // Documented for values that do not fit the type: members of one name may differ in type.
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    }
    const outside = around[i] as Uint8Array;
    const filler = i === 0 ? 0 : 0xff;
    if (
      outside.subarray(0, margin).some(b => b !== filler) ||
      outside.subarray(margin + own.size).some(b => b !== filler)
    )
      throw new Error(`type ${own.typeId}: writes outside its buffer`);
  }
}

/** Decodes `.BTF.ext` against a BTF. True when it was accepted. */
export function exerciseExt(ext: Uint8Array, bytes: Uint8Array): boolean {
  const btf = attempt(() => Btf.parse(bytes));
  return btf !== undefined && attempt(() => parseBtfExt(ext, btf)) !== undefined;
}
