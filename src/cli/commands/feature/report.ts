import type { KernelSupport, Support } from '../../../kernel/index.js';
import { mapTypeName, progTypeName } from '../../../object/index.js';
import type { Missing } from './missing.js';
import { helperName } from './names.js';
import type { SystemConfig } from './system-config.js';

/** What `feature probe` found out. */
export interface FeatureReport {
  /** Not of a device. */
  readonly system: SystemConfig | undefined;
  readonly support: KernelSupport;
  /** What loaders ask a kernel for, by rawbpf's names. Not of a device. */
  readonly loader: Readonly<Record<string, Support>> | undefined;
  readonly missing: readonly Missing[];
}

type Flags = Readonly<Record<string, boolean | null>>;

/** In the shape of `bpftool -j feature probe`; null for what this process could not find out, with `loader_features` and `missing`, which bpftool does not have. */
export function reportRecord({
  system,
  support,
  loader,
  missing,
}: FeatureReport): Readonly<Record<string, unknown>> {
  return {
    ...(system ? { system_config: { ...system.sysctls, ...system.options } } : {}),
    syscall_config: { have_bpf_syscall: support.syscall },
    ...(support.syscall
      ? {
          program_types: flags(support.progTypes, type => `have_${progTypeName(type)}_prog_type`),
          map_types: flags(support.mapTypes, type => `have_${mapTypeName(type)}_map_type`),
          helpers: helpers(support),
          misc: flags(support.insns, name => `have_${name}`),
          ...(loader
            ? { loader_features: flags(new Map(Object.entries(loader)), name => `have_${name}`) }
            : {}),
        }
      : {}),
    missing,
  };
}

function flags<Key>(found: ReadonlyMap<Key, Support>, name: (key: Key) => string): Flags {
  return Object.fromEntries([...found].map(([key, has]) => [name(key), has ?? null]));
}

function helpers({ progTypes, helpers }: KernelSupport): Readonly<Record<string, readonly string[] | null>> {
  return Object.fromEntries(
    [...helpers].map(([type, found]) => [
      `${progTypeName(type)}_available_helpers`,
      // Of tracing programs and the like bpftool lists none.
      progTypes.get(type) === undefined
        ? null
        : [...(found ?? [])].filter(([, has]) => has).map(([id]) => helperName(id)),
    ]),
  );
}
