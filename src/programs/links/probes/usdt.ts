import { UnsupportedFeatureError, versionCode } from '../../../kernel/index.js';
import type { Attachable } from '../attachable.js';
import type { LinkParts } from '../link.js';
import { binaryPath } from './binary-path.js';
import { mappedAddress } from './process-map.js';
import { checkNumbers } from './uprobe.js';
import { isMulti, linkEach, linkPlaces } from './uprobe-multi.js';
import { findUsdt, type UsdtPlace } from './usdt-places.js';
import { writeUsdtSpecs } from './usdt-specs.js';
import { withUserElf } from './user-binary.js';

/** A static probe that a program or library was built with (`DTRACE_PROBE`, systemtap's `sys/sdt.h`). */
export interface UsdtTarget {
  readonly kind: 'usdt';
  /** As for a uprobe. */
  readonly binary: string;
  readonly provider: string;
  readonly name: string;
  /** Only in this process; default in all. Needed before Linux 5.15 for libraries and programs that can be anywhere in memory (PIE). */
  readonly pid?: number;
  /** What `bpf_usdt_cookie()` answers in the program. Default 0. */
  readonly cookie?: bigint;
}

/** ET_EXEC */
const FIXED_ADDRESS = 2;

/**
 * Attaches to a static probe, wherever it is in the code: by one BPF link where the program was loaded for that (Linux 6.10), else by a uprobe for each place.
 * The object has to use libbpf's usdt.bpf.h, whose maps are filled here. Throws UserBinaryError when the file or the probe is not there, FormatError when its arguments
 * cannot be read, UnsupportedFeatureError when the kernel lacks what is needed.
 */
export function attachUsdt(program: Attachable, target: UsdtTarget): LinkParts {
  const { provider, name, pid, cookie = 0n } = target;
  checkNumbers({}, pid);
  const path = binaryPath(target.binary);
  const { places, fixed } = withUserElf(path, elf => ({
    places: findUsdt(elf, provider, name, program.kernel.versionCode >= versionCode('6.18')),
    fixed: elf.type === FIXED_ADDRESS,
  }));
  const what = `${path}:${provider}:${name}`;
  const multi = isMulti(program);
  const hasCookies = multi || program.kernel.has('bpf_cookie');
  const addresses = hasCookies ? undefined : placesInMemory(program, what, path, places, fixed, pid);
  const specs = writeUsdtSpecs(program, places, cookie, addresses);
  try {
    const parts = (multi ? linkPlaces : linkEach)(program, {
      kind: target.kind,
      path,
      name: what,
      offsets: places.map(place => place.offset),
      refCtrOffsets: places.map(place => place.refCtrOffset),
      cookies: hasCookies ? specs.ids.map(BigInt) : undefined,
      retprobe: false,
      pid,
    });
    return { ...parts, holders: [specs, ...parts.holders] };
  } catch (error) {
    specs.close();
    throw error;
  }
}

/** Without cookies a program knows which place it is at by the address alone, which differs by process. */
function placesInMemory(
  { file, name, kernel }: Attachable,
  what: string,
  path: string,
  places: readonly UsdtPlace[],
  fixed: boolean,
  pid: number | undefined,
): bigint[] {
  if (fixed) return places.map(place => BigInt(place.address));
  if (pid !== undefined) return places.map(place => mappedAddress(pid, path, place.offset));
  throw new UnsupportedFeatureError(
    'cookies, without which static probes of libraries are of one process only',
    {
      what: `${file}: program ${name}: attach to usdt ${what}`,
      since: '5.15',
      reason: `it is Linux ${kernel.release}`,
      advice: 'Give the pid of a process that runs it.',
    },
  );
}
