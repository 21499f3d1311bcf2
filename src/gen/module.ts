import type { MapSpec, ObjectSpec } from '../object/index.js';
import { type MapType, mapClasses, mapType } from './map-types.js';
import { ModuleNames, propertyName } from './names.js';
import { TypeWriter } from './type-writer.js';

export interface GenerateOptions {
  /** How the module gets the object: as a URL relative to the module (`./hello.bpf.o`), or out of these bytes, which then are part of the module. */
  readonly object: string | Uint8Array;
}

/** What every module has of rawbpf, and what it declares itself. */
const imported = [
  'BpfObject',
  'Link',
  'LoadMapSettings',
  'LoadOptions',
  'OpenOptions',
  'Program',
  'ProgramSettings',
];
const own = [
  'Events',
  'Globals',
  'Links',
  'Maps',
  'ProgramName',
  'Programs',
  'Settings',
  'TypedObject',
  'attach',
  'load',
  'object',
  'open',
];
/** What a type of the object must not be called: the module, or a type of JavaScript in it, would mean something else. */
const taken = [
  ...imported,
  ...own,
  ...mapClasses,
  ...['CgroupStorageKey', 'EventCallback', 'EventReader', 'LpmPrefix'],
  ...['AsyncGenerator', 'Buffer', 'Object', 'Omit', 'Parameters', 'Partial', 'Symbol', 'URL', 'Uint8Array'],
];

/**
 * A TypeScript module for an object: `open()` and `load()` with its programs, maps and globals by name, and the types of its BTF as the codecs read them (64 bits are
 * bigint, arrays of char are strings). It imports nothing but `rawbpf`.
 */
export function generateModule(spec: ObjectSpec, { object }: GenerateOptions): string {
  const types = spec.btf && new TypeWriter(spec.btf, new ModuleNames(taken));
  const maps = spec.maps.filter(map => !map.internal).map(map => mapType(spec, map, types));
  const globals = globalLines(spec, types);
  const parts = [
    `// Made by rawbpf gen of ${baseName(spec.file).replaceAll(/[\r\n]/g, ' ')}. Do not edit.\n${importsOf(maps)}`,
    ...(types?.declarations ?? []),
    block('/** The global variables. */\nexport interface Globals {', globals),
    ...(maps.some(map => map.event !== undefined) ? [events] : []),
    block(
      '/** The maps, by name. */\nexport interface Maps {',
      maps.map(({ name, type }) => `readonly ${propertyName(name)}: ${type};`),
    ),
    block('/** The programs, by name. */\nexport interface Programs {', programLines(spec)),
    typedObject(spec),
    objectSource(object),
    functions(typeof object === 'string' ? undefined : baseName(spec.file)),
  ];
  return `${parts.join('\n\n')}\n`;
}

const baseName = (file: string): string => file.replace(/^.*\//s, '');

function importsOf(maps: readonly MapType[]): string {
  const types = new Set([
    ...imported.filter(name => name !== 'BpfObject'),
    ...maps.flatMap(map => map.imports),
  ]);
  const names = ['BpfObject', ...[...types].sort().map(name => `type ${name}`)];
  return `import {\n${names.map(name => `  ${name},\n`).join('')}} from 'rawbpf';`;
}

function globalLines(spec: ObjectSpec, types: TypeWriter | undefined): string[] {
  return spec.globals.flatMap(({ name, section, typeId, readonly }) => [
    `/** ${comment(section)}${readonly ? ', set before the programs are loaded' : ''} */`,
    `${isKconfig(spec, section) ? 'readonly ' : ''}${propertyName(name)}: ${types?.type(typeId) ?? 'unknown'};`,
  ]);
}

const isKconfig = (spec: ObjectSpec, section: string): boolean =>
  spec.maps.some(({ internal }: MapSpec) => internal?.kind === 'kconfig' && internal.section === section);

function programLines({ programs }: ObjectSpec): string[] {
  return programs.flatMap(({ name, section, autoload }) => [
    `/** SEC("${comment(section)}") */`,
    `readonly ${propertyName(name)}${autoload ? '' : '?'}: Program;`,
  ]);
}

/** Text that does not end the comment that it is in. */
const comment = (text: string): string => text.replaceAll('*/', '*\\/').replaceAll(/[\r\n]/g, ' ');

function block(head: string, lines: readonly string[]): string {
  return [head, ...lines.map(line => `  ${line}`), '}'].join('\n');
}

const events = `/** A buffer of events of one type. */
export type Events<M extends { reader(options?: never): unknown }, T> = Omit<M, 'on' | 'reader' | typeof Symbol.asyncIterator> & {
  reader(options?: Parameters<M['reader']>[0]): EventReader<T, EventCallback<T>>;
  on(callback: EventCallback<T>, options?: Parameters<M['reader']>[0]): EventReader<T, EventCallback<T>>;
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
};`;

function typedObject(spec: ObjectSpec): string {
  const fixed = spec.globals
    .filter(({ section }) => isKconfig(spec, section))
    .map(({ name }) => JSON.stringify(name));
  const settable = fixed.length > 0 ? `Omit<Globals, ${fixed.join(' | ')}>` : 'Globals';
  return `export type ProgramName = keyof Programs;

/** The links of programs that are attached; undefined for those that attach() passed over. */
export type Links = { readonly [N in ProgramName]?: Link };

/** How the object is loaded. */
export interface Settings extends Omit<LoadOptions, 'maps' | 'programs'> {
  readonly globals?: Partial<${settable}>;
  readonly maps?: { readonly [N in keyof Maps]?: LoadMapSettings };
  readonly programs?: readonly ProgramName[] | { readonly [N in ProgramName]?: ProgramSettings };
}

/** A BpfObject whose names and types are known. */
export interface TypedObject extends Omit<BpfObject, 'globals' | 'load' | 'map' | 'maps' | 'program' | 'programs'> {
  readonly globals: Globals;
  readonly maps: Maps;
  readonly programs: Programs;
  map<N extends keyof Maps>(name: N): Maps[N];
  program(name: ProgramName): Program;
  load(settings?: Omit<Settings, 'globals'>): this;
}`;
}

function objectSource(object: string | Uint8Array): string {
  if (typeof object === 'string')
    return `const object = new URL(${JSON.stringify(object)}, import.meta.url);`;
  const lines = base64(object).match(/.{1,100}/g) ?? [];
  return `const object = Buffer.from(\n  [\n${lines.map(line => `    '${line}',\n`).join('')}  ].join(''),\n  'base64',\n);`;
}

/** In pieces, because a call takes only so many arguments; of a multiple of 3 bytes, so that only the last has padding. */
function base64(bytes: Uint8Array): string {
  const piece = 3 * 4096;
  let text = '';
  for (let at = 0; at < bytes.length; at += piece)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + piece)));
  return text;
}

/** `file` is what messages call an object that has none, and what its name is made of. */
const functions = (
  file: string | undefined,
): string => `/** Opens the object: its globals can be set, then it is loaded. */
export function open(options: OpenOptions = {}): TypedObject {
  return BpfObject.open(object, ${file === undefined ? 'options' : `{ file: ${JSON.stringify(file)}, ...options }`}) as unknown as TypedObject;
}

/** Opens the object, sets its globals, and loads it. */
export function load({ globals = {}, ...settings }: Settings = {}, options: OpenOptions = {}): TypedObject {
  const opened = open(options);
  Object.assign(opened.globals, globals);
  return opened.load(settings);
}

/** Attaches the programs whose sections name their target; the links by program. */
export function attach(loaded: TypedObject): Links {
  loaded.attach();
  const programs = Object.entries<Program | undefined>({ ...loaded.programs });
  return Object.fromEntries(programs.map(([name, program]) => [name, program?.links[0]]));
}`;
