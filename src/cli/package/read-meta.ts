import type { JsonReader } from './json-reader.js';
import type {
  PackageDoc,
  PackageExport,
  PackageMap,
  PackageProgram,
  PackageSample,
  PackageVariable,
} from './package.js';

const text = (reader: JsonReader): string => reader.string();
const size = (reader: JsonReader): number => reader.size();

export function readDoc(doc: JsonReader): PackageDoc {
  const names = ['brief', 'description', 'details', 'version'] as const;
  return Object.fromEntries(
    names.flatMap(name => {
      const value = doc.at(name).maybe(text);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The variables of one of `data_sections`. Those that ecc adds to keep a type in the BTF are not for people. */
export function readVariables(section: JsonReader): PackageVariable[] {
  const name = section.at('name').string();
  return section
    .at('variables')
    .list()
    .map(variable => readVariable(variable, name))
    .filter(variable => !variable.name.startsWith('__eunomia_dummy'));
}

function readVariable(variable: JsonReader, section: string): PackageVariable {
  const argument = variable.at('cmdarg');
  const short = argument.at('short').maybe(text);
  if (short !== undefined && !/^[A-Za-z0-9]$/.test(short))
    throw argument.at('short').error('is to be one letter or digit');
  const long = argument.at('long').maybe(text);
  if (long !== undefined && !/^[\w-]+$/.test(long))
    throw argument.at('long').error('is to be a word of letters, digits, - and _');
  const byDefault = argument.at('default');
  return {
    name: variable.at('name').string(),
    section,
    type: variable.at('type').maybe(text),
    description: argument.at('help').maybe(text) ?? variable.at('description').maybe(text),
    value: (byDefault.isThere ? byDefault : variable.at('value')).maybe(plainValue),
    long,
    short,
    isArgument: argument.isThere && argument.raw !== null && Object.keys(argument.raw as object).length > 0,
  };
}

function plainValue(reader: JsonReader): unknown {
  if (['number', 'string', 'boolean'].includes(typeof reader.raw)) return reader.raw;
  throw reader.error('is to be a number, a string, true or false');
}

export function readMap(map: JsonReader): PackageMap {
  return {
    name: (map.at('ident').isThere ? map.at('ident') : map.at('name')).string(),
    sample: map.at('sample').maybe(readSample),
    exportConfig: map.at('export_config').maybe(readExport),
  };
}

const sampleTypes = ['log2_hist', 'linear_hist', 'default_kv'] as const;

function readSample(sample: JsonReader): PackageSample {
  const type = sample.at('type').maybe(text) ?? 'default_kv';
  const known = sampleTypes.find(name => name === type);
  if (!known) throw sample.at('type').error(`${JSON.stringify(type)} is none of ${sampleTypes.join(', ')}`);
  return {
    intervalMs: sample.at('interval').size(),
    type: known,
    unit: sample.at('unit').maybe(text),
    clear: sample.at('clear_map').maybe(r => r.boolean()) ?? false,
  };
}

/** `"no_export"` and `"default"` are words; the others are objects. */
function readExport(config: JsonReader): PackageExport | undefined {
  if (typeof config.raw === 'string') return undefined;
  if (config.at('btf_type_id').isThere) return { typeId: config.at('btf_type_id').size() };
  const members = config.at('custom_members').list();
  if (members.length === 0) throw config.error('is to have btf_type_id or custom_members');
  return {
    members: members.map(member => ({
      name: member.at('name').string(),
      offset: member.at('offset').size(),
      typeId: member.at('btf_type_id').size(),
    })),
  };
}

const directions = new Map<string, 'ingress' | 'egress'>([
  ['BPF_TC_INGRESS', 'ingress'],
  ['BPF_TC_EGRESS', 'egress'],
]);

export function readProgram(program: JsonReader): PackageProgram {
  const hook = program.at('tchook');
  const point = hook.at('attach_point').maybe(text) ?? 'BPF_TC_INGRESS';
  const direction = directions.get(point);
  if (!direction)
    throw hook
      .at('attach_point')
      .error(`${point} is not supported: it is to be ${[...directions.keys()].join(' or ')}`);
  const ifindex = (hook.isThere ? hook : program).at('ifindex').maybe(size);
  const options = program.at('tcopts');
  return {
    name: program.at('name').string(),
    ifindex,
    flags: program.at('flags').maybe(size),
    direction: hook.isThere ? direction : undefined,
    handle: options.at('handle').maybe(size),
    priority: options.at('priority').maybe(size),
  };
}
