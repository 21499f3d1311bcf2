import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { RawbpfError } from '../src/errors/index.js';
import type { MapSpec } from '../src/object/index.js';
import { BpfObject } from '../src/programs/index.js';
import { repository } from './repository.js';
import { cachedPeer, type Package, thirdPartyObjects } from './third-party.js';

/** What a loader makes of one program: its tag and length, or a refusal. */
interface Loaded {
  readonly name: string;
  readonly tag?: string;
  readonly xlatedBytes?: number;
  readonly errno?: number;
}
type MapRow = readonly [name: string, ...numbers: number[]];
interface Opened {
  readonly errno?: number;
  readonly maps?: readonly MapRow[];
  readonly programs?: readonly Loaded[];
}

export interface Totals {
  libbpf: number;
  rawbpf: number;
  sameTag: number;
}

/**
 * Loads every program of every object of a package, by libbpf and by rawbpf, on this kernel: both open the same objects, with the same maps
 * and programs, load the same ones, to the same tag and length. What is not the same for a reason that is known is counted out, and named.
 */
export function comparePackage(t: Test, name: Package): Totals {
  return compareObjects(t, thirdPartyObjects(name), cachedPeer(join(repository, 'test/peers/load-each.c')));
}

/** As {@link comparePackage}, for the objects with these paths; `peer` is a compiled load-each.c. */
export function compareObjects(t: Test, objects: readonly string[], peer: string): Totals {
  const lines = execFileSync(peer, objects, { encoding: 'utf8', maxBuffer: 1 << 26 })
    .trim()
    .split('\n');
  const totals = { libbpf: 0, rawbpf: 0, sameTag: 0 };
  for (const [index, path] of objects.entries())
    compareObject(t, path, JSON.parse(lines[index] as string) as Opened, totals);
  return totals;
}

function compareObject(t: Test, path: string, theirs: Opened, totals: Totals): void {
  const file = basename(path);
  const bytes = readFileSync(path);
  const ours = attempt(() => BpfObject.open(bytes, { file }));
  if (theirs.errno !== undefined && !(ours instanceof RawbpfError)) {
    t.ok(opensHereOnly(ours, theirs.errno), `${file}: libbpf answers ${theirs.errno}, rawbpf opens it`);
    return;
  }
  if (ours instanceof RawbpfError) {
    t.ok(theirs.errno !== undefined, `${file}: opens for neither: ${ours.message}`);
    return;
  }
  t.same(ours.spec.maps.map(mapRow), theirs.maps, `${file}: same maps`);
  const programs = ours.spec.programs.map(p => p.name);
  t.same(
    programs,
    theirs.programs?.map(p => p.name),
    `${file}: same programs`,
  );
  comparePrograms(t, bytes, file, theirs.programs ?? [], totals);
}

/** `LIBBPF_ERRNO__ENDIAN`, of libbpf before 1.5 at open; later ones refuse to load only, as rawbpf does. */
const foreignEndian = 4003;

/** What rawbpf opens and this libbpf does not, on purpose: objects of the other byte order, and legacy maps, with a warning. */
function opensHereOnly({ spec }: BpfObject, errno: number): boolean {
  if (errno === foreignEndian) return spec.endian !== hostEndian;
  return spec.warnings.some(warning => /legacy map definitions/.test(warning));
}

/** libbpf names the maps of plain data sections as the kernel does, those of `.data.mine` in full. */
function mapRow({
  kernelName,
  internal,
  name,
  type,
  keySize,
  valueSize,
  maxEntries,
  flags,
}: MapSpec): MapRow {
  const shown = internal && !name.includes('.', 1) ? kernelName : name;
  return [shown, type, keySize, valueSize, maxEntries, flags];
}

function comparePrograms(
  t: Test,
  bytes: Uint8Array,
  file: string,
  theirs: readonly Loaded[],
  totals: Totals,
): void {
  const names = theirs.map(p => p.name);
  using whole = BpfObject.open(bytes, { file });
  const isWhole = !(attempt(() => whole.load({ programs: names, pinRoot: false })) instanceof RawbpfError);
  for (const program of theirs) {
    const what = `${file}: ${program.name}`;
    using alone = isWhole ? undefined : BpfObject.open(bytes, { file });
    const refusal = attempt(() => void alone?.load({ programs: [program.name], pinRoot: false }));
    if (refusal instanceof RawbpfError) {
      if (program.errno === undefined) totals.libbpf++;
      t.ok(program.errno !== undefined, `${what}: refused by both: ${refusal.message}`);
      continue;
    }
    const obj = alone ?? whole;
    if (program.errno !== undefined) {
      const others = obj.spec.externs.length > 0 || obj.spec.maps.some(m => m.values.length > 0);
      t.ok(others, `${what}: libbpf resolves externs, and fills slots, of programs that are not loaded`);
      continue;
    }
    const { tag, xlatedBytes } = obj.program(program.name).info();
    totals.libbpf++;
    totals.rawbpf++;
    if (tag === program.tag) totals.sameTag++;
    t.same(
      { tag, xlatedBytes },
      { tag: program.tag, xlatedBytes: program.xlatedBytes },
      `${what}: same instructions`,
    );
  }
}

function attempt<T>(action: () => T): T | RawbpfError {
  try {
    return action();
  } catch (error) {
    if (error instanceof RawbpfError) return error;
    throw error;
  }
}
