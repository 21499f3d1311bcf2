import { FormatError } from '../../../errors/index.js';
import { type BpfMap, KeyValueMap } from '../../../maps/index.js';
import { BpfError, Errno } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import type { Holder } from '../link.js';
import { type UsdtArg, UsdtArgType } from './usdt-args.js';
import type { UsdtPlace } from './usdt-places.js';

/** `struct __bpf_usdt_spec`, as the object's BTF has it. */
type Spec = Record<string, unknown> & { readonly args: readonly Record<string, unknown>[] };

/** Specifications of an object that are in use: all its programs share the maps. */
const used = new WeakMap<BpfMap, Set<number>>();

/** The specifications of the places of one link, which programs read by their number. Closing it frees them, once nothing is attached any more. */
export interface UsdtSpecs extends Holder {
  /** Number of the specification, for each place. */
  readonly ids: readonly number[];
}

/**
 * Writes what programs need to read the arguments into the maps of libbpf's usdt.bpf.h: a specification for each different list of arguments, and, where the kernel has no
 * cookies (before Linux 5.15), which of them is meant at which address. The layout is what the object's BTF says. When this throws nothing is left in use.
 */
export function writeUsdtSpecs(
  program: Attachable,
  places: readonly UsdtPlace[],
  cookie: bigint,
  addresses: readonly bigint[] | undefined,
): UsdtSpecs {
  const specs = usdtMap(program, '__bpf_usdt_specs');
  const byAddress = addresses && usdtMap(program, '__bpf_usdt_ip_to_spec_id');
  const taken = used.get(specs) ?? new Set<number>();
  used.set(specs, taken);
  const own = new Map<string, number>();
  const written: bigint[] = [];
  const close = (): void => {
    for (const address of written.splice(0)) if (!byAddress?.closed) byAddress?.delete(address);
    for (const id of own.values()) taken.delete(id);
    own.clear();
  };
  try {
    const ids = places.map(place => {
      const known = own.get(place.text);
      if (known !== undefined) return known;
      const id = freeId(program, specs, taken);
      taken.add(id);
      own.set(place.text, id);
      specs.set(id, encode(program, specs, id, place.args, cookie));
      return id;
    });
    for (const [i, address] of (addresses ?? []).entries()) {
      setAddress(program, byAddress!, address, ids[i]!);
      written.push(address);
    }
    return { ids, close };
  } catch (error) {
    close();
    throw error;
  }
}

function usdtMap({ maps, file, name }: Attachable, mapName: string): KeyValueMap {
  const map = maps[mapName];
  if (map instanceof KeyValueMap) return map;
  throw new FormatError(`there is no map ${mapName}: include <bpf/usdt.bpf.h> and use its functions`, {
    file,
    field: `program ${name}`,
  });
}

function freeId({ file, name }: Attachable, specs: BpfMap, taken: ReadonlySet<number>): number {
  for (let id = 0; id < specs.maxEntries; id++) if (!taken.has(id)) return id;
  throw new FormatError(
    `all ${specs.maxEntries} specifications are in use: define BPF_USDT_MAX_SPEC_CNT before including <bpf/usdt.bpf.h>, or set maxEntries of the map`,
    { file, section: '.maps', field: `program ${name}: ${specs.name}` },
  );
}

function encode(
  { file, name }: Attachable,
  specs: KeyValueMap,
  id: number,
  args: readonly UsdtArg[],
  cookie: bigint,
): Spec {
  // What the map has is of the type that the object was compiled with: its fields are those that can be set.
  const empty = specs.get(id) as Partial<Spec> | undefined;
  const place = { file, section: '.maps', field: `program ${name}: ${specs.name}` };
  if (!empty || !Array.isArray(empty.args) || empty.args.length < args.length)
    throw new FormatError(
      'its values are not of struct __bpf_usdt_spec: the object has no BTF of libbpf',
      place,
    );
  const hasIndex = 'idx_reg_off' in (empty.args[0] ?? {});
  if (!hasIndex && args.some(arg => arg.type === UsdtArgType.SIB))
    throw new FormatError(
      'an argument is at a scaled index (SIB), which the object cannot read: compile it with the usdt.bpf.h of libbpf 1.7 or newer',
      place,
    );
  return {
    ...empty,
    args: empty.args.map((zero, i) => ({ ...zero, ...encodeArg(args[i], hasIndex) })),
    usdt_cookie: BigInt.asUintN(64, cookie),
    arg_cnt: args.length,
  };
}

function encodeArg(arg: UsdtArg | undefined, hasIndex: boolean): Record<string, unknown> {
  if (!arg) return {};
  return {
    val_off: BigInt.asUintN(64, arg.value),
    arg_type: arg.type,
    reg_off: arg.register,
    arg_signed: arg.signed,
    arg_bitshift: 64 - 8 * arg.size,
    ...(hasIndex ? { idx_reg_off: arg.index, scale_bitshift: arg.scaleShift } : {}),
  };
}

function setAddress({ file, name }: Attachable, byAddress: KeyValueMap, address: bigint, id: number): void {
  try {
    byAddress.set(address, id, 'noExist');
  } catch (error) {
    if (!(error instanceof BpfError) || error.errno !== Errno.EEXIST) throw error;
    throw new FormatError(
      `a static probe at 0x${address.toString(16)} is attached already: kernels without cookies (before Linux 5.15) can have one at an address`,
      { file, field: `program ${name}` },
      { cause: error },
    );
  }
}
