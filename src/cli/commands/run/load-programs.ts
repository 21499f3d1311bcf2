import type { BtfValue } from '../../../btf/index.js';
import { RawbpfError } from '../../../errors/index.js';
import type { ProgramSettings } from '../../../object/index.js';
import { BpfObject, type OpenOptions } from '../../../programs/index.js';
import { complain, oneLine } from '../../report-error.js';
import { mapSizes } from './map-sizes.js';

/** An object that is to be loaded. */
export interface ToLoad {
  readonly bytes: Uint8Array;
  readonly options: OpenOptions;
  readonly globals: ReadonlyMap<string, BtfValue>;
  /** Of the programs that are not loaded as their sections say. */
  readonly programs: Readonly<Record<string, ProgramSettings>>;
}

/**
 * Loads the programs that this kernel takes. Where it refuses some, those are left out, with a warning each: tools have several programs for one purpose, of
 * which a kernel knows one. Throws what loading throws when none is left, and for what is no fault of a single program.
 */
export function loadPrograms(wanted: ToLoad): BpfObject {
  try {
    return load(wanted, wanted.programs);
  } catch (error) {
    const { spec } = BpfObject.open(wanted.bytes, wanted.options);
    const names = spec.programs
      .filter(({ name, autoload }) => wanted.programs[name]?.autoload ?? autoload)
      .map(({ name }) => name);
    if (!(error instanceof RawbpfError) || names.length < 2) throw error;
    return loadSome(wanted, names, error);
  }
}

function loadSome(wanted: ToLoad, names: readonly string[], error: RawbpfError): BpfObject {
  const refusals = new Map<string, RawbpfError>();
  for (const name of names) {
    const refusal = refusalOf(wanted, only(wanted, names, [name]));
    if (refusal) refusals.set(name, refusal);
  }
  if (refusals.size === 0 || refusals.size === names.length) throw error;
  const object = load(
    wanted,
    only(
      wanted,
      names,
      names.filter(name => !refusals.has(name)),
    ),
  );
  for (const [name, refusal] of refusals) complain(`warning: ${name} is left out: ${oneLine(refusal)}`);
  return object;
}

function only({ programs }: ToLoad, names: readonly string[], kept: readonly string[]) {
  const left = names.map(name => [name, { ...programs[name], autoload: kept.includes(name) }]);
  return { ...programs, ...Object.fromEntries(left) };
}

function refusalOf(wanted: ToLoad, programs: ToLoad['programs']): RawbpfError | undefined {
  try {
    load(wanted, programs, false).close();
    return undefined;
  } catch (error) {
    if (error instanceof RawbpfError) return error;
    throw error;
  }
}

function load({ bytes, options, globals }: ToLoad, programs: ToLoad['programs'], pin = true): BpfObject {
  const object = BpfObject.open(bytes, options);
  for (const [name, value] of globals) object.globals[name] = value;
  return object.load({ programs, maps: mapSizes(object.spec), ...(pin ? {} : { pinRoot: false as const }) });
}
