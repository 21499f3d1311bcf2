import {
  features,
  helperIds,
  helperSince,
  insnFeatures,
  type Kernel,
  type KernelSupport,
  mapTypeSince,
  missingConfig,
  missingMapConfig,
  progTypeSince,
  type Support,
  versionCode,
} from '../../../kernel/index.js';
import { mapTypeName, progTypeName } from '../../../object/index.js';
import { helperName } from './names.js';

/** Something that this kernel does not have. */
export interface Missing {
  /** `prog_type`, `map_type`, `helper`, `misc`, `loader_feature`. */
  readonly kind: 'prog_type' | 'map_type' | 'helper' | 'misc' | 'loader_feature';
  readonly name: string;
  /** The Linux version that brought it. */
  readonly since?: string;
  /** Options of the kernel's config that it takes, and that are not set. */
  readonly config?: readonly string[];
  /** Set when the kernel is new enough and has the options: it refuses, or was changed by its vendor. */
  readonly refused?: true;
}

/** What was asked for and is not there, and why. Of helpers, those that are newer than the kernel. */
export function missingOf(
  kernel: Kernel,
  support: KernelSupport,
  loader: Readonly<Record<string, Support>> = {},
): Missing[] {
  const why = (
    since: string | undefined,
    config: readonly string[] = [],
  ): Omit<Missing, 'kind' | 'name'> => ({
    ...(since === undefined ? {} : { since }),
    ...(config.length > 0 ? { config } : {}),
    ...(config.length === 0 && since !== undefined && versionCode(since) <= kernel.versionCode
      ? { refused: true }
      : {}),
  });
  const absent = <Key>(found: ReadonlyMap<Key, Support>): Key[] =>
    [...found].filter(([, has]) => has === false).map(([key]) => key);
  const insnSince = new Map(insnFeatures);
  return [
    ...absent(support.progTypes).map(type => ({
      kind: 'prog_type' as const,
      name: progTypeName(type),
      ...why(progTypeSince(type), missingConfig(kernel, type)),
    })),
    ...absent(support.mapTypes).map(type => ({
      kind: 'map_type' as const,
      name: mapTypeName(type),
      ...why(mapTypeSince(type), missingMapConfig(kernel, type)),
    })),
    ...absentHelpers(support, kernel).map(id => ({
      kind: 'helper' as const,
      name: helperName(id),
      ...why(helperSince(id)),
    })),
    ...absent(support.insns).map(name => ({ kind: 'misc' as const, name, ...why(insnSince.get(name)) })),
    ...absent(new Map(Object.entries(loader))).map(name => ({
      kind: 'loader_feature' as const,
      name,
      ...why(features[name as keyof typeof features].since),
    })),
  ];
}

/** Those that are newer than the kernel: an older one that no type here may call is one of tracing programs, which are not asked. */
function absentHelpers({ helpers }: KernelSupport, kernel: Kernel): number[] {
  const told = [...helpers.values()].filter(found => found !== undefined && found.size > 0);
  return helperIds.filter(
    id => versionCode(helperSince(id) ?? '0') > kernel.versionCode && told.every(found => !found?.get(id)),
  );
}
