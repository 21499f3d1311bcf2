import { InvalidArgumentError, Option } from 'commander';
import { type BtfTypes, type BtfValue, isChar, typeName } from '../../../btf/index.js';
import { type GlobalSpec, globalCodec, type ObjectSpec, parseGlobalValue } from '../../../object/index.js';
import type { PackageVariable } from '../../package/package.js';

/** A global variable that a flag of the command line sets. */
export interface ObjectFlag {
  readonly global: GlobalSpec;
  /** Without the dashes: `pid-filter`. */
  readonly name: string;
  /** Options for commander, the one for people first. More than one for a boolean: `--targ-failed`, `--no-targ-failed`. */
  readonly options: readonly Option[];
  /** What a package sets it to where the command line does not say. */
  readonly fallback: BtfValue | undefined;
}

/**
 * The flags of an object: one for each variable of `.rodata` that programs read as settings, and for those to which a package gives a command-line section.
 * `taken` are the names of other options, which win: such a variable is to be set by `--set`. Throws ObjectError for a package's value that does not fit its variable.
 */
export function objectFlags(
  spec: ObjectSpec,
  variables: readonly PackageVariable[],
  taken: ReadonlySet<string>,
): ObjectFlag[] {
  const { btf } = spec;
  if (!btf) return [];
  const described = new Map(variables.map(variable => [variable.name, variable]));
  const flags: ObjectFlag[] = [];
  const names = new Set(taken);
  for (const global of spec.globals) {
    const variable = described.get(global.name);
    if (!(variable?.isArgument || (global.readonly && isSetting(btf, global)))) continue;
    const short = variable?.short !== undefined && !names.has(variable.short) ? variable.short : undefined;
    const flag = flagOf(spec, btf, global, variable, short);
    if (names.has(flag.name)) continue;
    names.add(flag.name).add(short ?? flag.name);
    flags.push(flag);
  }
  return flags;
}

/** The variables that would have a flag, had its name not been taken. They are set by `--set`. */
export function shadowed(spec: ObjectSpec, taken: ReadonlySet<string>): string[] {
  const all = objectFlags(spec, [], new Set());
  return all.filter(({ name }) => taken.has(name)).map(({ global }) => global.name);
}

/** False for what compilers put into `.rodata`: format strings, tables, pointers. They are const, but not volatile, which settings have to be. */
function isSetting(btf: BtfTypes, { name, typeId }: GlobalSpec): boolean {
  if (!/^[A-Za-z_]\w*$/.test(name) || /^__+(fmt|func|PRETTY)/.test(name)) return false;
  const { kind } = btf.resolved(typeId);
  if (kind === 'ptr') return false;
  // Programs for kernels without data sections have theirs folded in, and ecc gives those of single values a flag all the same.
  return (
    isVolatile(btf, typeId) || kind === 'int' || kind === 'enum' || kind === 'enum64' || kind === 'float'
  );
}

function isVolatile(btf: BtfTypes, typeId: number): boolean {
  for (let type = btf.type(typeId); ; type = btf.type(type.type)) {
    if (type.kind === 'volatile') return true;
    if (type.kind !== 'const' && type.kind !== 'array' && type.kind !== 'type_tag') return false;
  }
}

function flagOf(
  spec: ObjectSpec,
  btf: BtfTypes,
  global: GlobalSpec,
  variable: PackageVariable | undefined,
  letter: string | undefined,
): ObjectFlag {
  const name = dashed(variable?.long ?? global.name);
  const type = btf.resolved(global.typeId);
  const fallback = given(spec, global.name, variable?.value);
  const help = describe(spec, btf, global, variable, fallback);
  const short = letter === undefined ? '' : `-${letter}, `;
  if (type.kind === 'int' && type.bool)
    return {
      global,
      name,
      fallback,
      options: [
        new Option(`${short}--${name}`, help),
        new Option(`--no-${name}`).hideHelp(),
        // As ecli calls them, by what their default is.
        new Option(`--enable-${name}`).hideHelp(),
        new Option(`--disable-${name}`).hideHelp(),
      ],
    };
  const option = new Option(`${short}--${name} <${placeholder(btf, global)}>`, help);
  option.argParser(text => checked(spec, global.name, text));
  return { global, name, fallback, options: [option] };
}

/** `pid_filter` as an option is written. */
export function dashed(name: string): string {
  return name.replace(/^_+/, '').replaceAll('_', '-');
}

function placeholder(btf: BtfTypes, { typeId }: GlobalSpec): string {
  const type = btf.resolved(typeId);
  if (type.kind === 'array') return isChar(btf, type.type) ? 'text' : 'json';
  if (type.kind === 'struct' || type.kind === 'union') return 'json';
  return type.kind === 'enum' || type.kind === 'enum64' ? 'name' : 'number';
}

function checked(spec: ObjectSpec, name: string, text: string): BtfValue {
  try {
    return parseGlobalValue(spec, name, text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** A package's value as text or number becomes one of the variable's type. */
function given(spec: ObjectSpec, name: string, value: unknown): BtfValue | undefined {
  return value === undefined ? undefined : parseGlobalValue(spec, name, String(value));
}

function describe(
  spec: ObjectSpec,
  btf: BtfTypes,
  { name, map, offset, typeId }: GlobalSpec,
  variable: PackageVariable | undefined,
  fallback: BtfValue | undefined,
): string {
  const { internal } = spec.maps.find(each => each.name === map) ?? {};
  const value = fallback ?? (internal ? globalCodec(spec, name).read(internal.bytes, offset) : undefined);
  const type = typeName(btf, typeId).replaceAll(/\b(const|volatile) /g, '');
  const about = variable?.description ? `${variable.description} ` : '';
  return `${about}(${type}, default ${valueText(value)})`;
}

function valueText(value: BtfValue | undefined): string {
  const text = JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v)) ?? '0';
  const plain = typeof value === 'bigint' ? String(value) : text;
  return plain.length > 40 ? `${plain.slice(0, 37)}...` : plain;
}
