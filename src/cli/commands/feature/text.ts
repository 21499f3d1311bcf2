import type { Support } from '../../../kernel/index.js';
import { mapTypeName, progTypeName } from '../../../object/index.js';
import type { Missing } from './missing.js';
import { helperName } from './names.js';
import type { FeatureReport } from './report.js';
import type { Sysctl, SystemConfig } from './system-config.js';

/** The lines of `bpftool feature probe`; behind what is not available, why. */
export function reportLines(report: FeatureReport): string[] {
  const { system, support, loader, missing } = report;
  const why = (kind: Missing['kind'], name: string): string =>
    reason(missing.find(each => each.kind === kind && each.name === name));
  const line = (what: string, has: Support, because: string): string =>
    has === undefined
      ? `${what} could not be probed`
      : `${what} is ${has ? '' : 'NOT '}available${has ? '' : because}`;
  const parts = [
    ...(system ? [section('system configuration', systemLines(system))] : []),
    section('system call availability', [line('bpf() syscall', support.syscall, '')]),
  ];
  if (!support.syscall) return parts.flat();
  return [
    ...parts,
    section(
      'eBPF program types',
      [...support.progTypes].map(([type, has]) => {
        const name = progTypeName(type);
        return line(`eBPF program_type ${name}`, has, why('prog_type', name));
      }),
    ),
    section(
      'eBPF map types',
      [...support.mapTypes].map(([type, has]) => {
        const name = mapTypeName(type);
        return line(`eBPF map_type ${name}`, has, why('map_type', name));
      }),
    ),
    section('eBPF helper functions', helperLines(report)),
    section(
      'miscellaneous eBPF features',
      [...support.insns].map(([name, has]) => line(insnTitles[name] ?? name, has, why('misc', name))),
    ),
    ...(loader
      ? [
          section(
            'features that loaders ask for',
            Object.entries(loader).map(([name, has]) => line(name, has, why('loader_feature', name))),
          ),
        ]
      : []),
  ].flat();
}

const insnTitles: Readonly<Record<string, string>> = {
  large_insn_limit: 'Large program size limit',
  bounded_loops: 'Bounded loop support',
  v2_isa_extension: 'ISA extension v2',
  v3_isa_extension: 'ISA extension v3',
  v4_isa_extension: 'ISA extension v4',
};

function section(title: string, lines: readonly string[]): string[] {
  return [`Scanning ${title}...`, ...lines, ''];
}

function reason(missing: Missing | undefined): string {
  if (!missing) return '';
  const { since, config, refused } = missing;
  const parts = [
    ...(since ? [`Linux ${since} brought it`] : []),
    ...(config ? [`this kernel was built without ${config.join(', ')}`] : []),
    ...(refused ? ['this kernel refuses it'] : []),
  ];
  return parts.length > 0 ? ` (${parts.join('; ')})` : '';
}

function helperLines({ support: { progTypes, helpers }, missing }: FeatureReport): string[] {
  const newer = missing.filter(({ kind }) => kind === 'helper');
  return [
    ...[...helpers].flatMap(([type, found]) => {
      const names = [...(found ?? [])].filter(([, has]) => has).map(([id]) => `\t- ${helperName(id)}`);
      const nothing =
        progTypes.get(type) === false
          ? '\tProgram type not supported'
          : '\tCould not determine which helpers are available';
      return [
        `eBPF helpers supported for program type ${progTypeName(type)}:`,
        ...(names.length > 0 ? names : [nothing]),
      ];
    }),
    ...(newer.length > 0 ? ['eBPF helpers that this kernel does not have:'] : []),
    ...newer.map(helper => `\t- ${helper.name}${reason(helper)}`),
  ];
}

function systemLines({ sysctls, options }: SystemConfig): string[] {
  const settings = Object.entries(sysctls).map(([name, value]) => sysctlLine(name as Sysctl, value));
  if (!options) return [...settings, 'the config of the kernel cannot be read'];
  const set = Object.entries(options).map(([name, value]) =>
    value === null ? `${name} is not set` : `${name} is set to ${value}`,
  );
  return [...settings, ...set];
}

/** By value; what it is called where it cannot be read, or has another one. */
const sysctlWords: Readonly<
  Record<
    Exclude<Sysctl, 'bpf_jit_limit'>,
    readonly [words: readonly string[], unread: string, unknown: string]
  >
> = {
  unprivileged_bpf_disabled: [
    [
      'bpf() syscall for unprivileged users is enabled',
      'bpf() syscall restricted to privileged users (without recovery)',
      'bpf() syscall restricted to privileged users (admin can change)',
    ],
    'Unable to retrieve required privileges for bpf() syscall',
    'bpf() syscall restriction',
  ],
  bpf_jit_enable: [
    [
      'JIT compiler is disabled',
      'JIT compiler is enabled',
      'JIT compiler is enabled with debugging traces in kernel logs',
    ],
    'Unable to retrieve JIT-compiler status',
    'JIT-compiler status',
  ],
  bpf_jit_harden: [
    [
      'JIT compiler hardening is disabled',
      'JIT compiler hardening is enabled for unprivileged users',
      'JIT compiler hardening is enabled for all users',
    ],
    'Unable to retrieve JIT hardening status',
    'JIT hardening status',
  ],
  bpf_jit_kallsyms: [
    ['JIT compiler kallsyms exports are disabled', 'JIT compiler kallsyms exports are enabled for root'],
    'Unable to retrieve JIT kallsyms export status',
    'JIT kallsyms exports status',
  ],
};

function sysctlLine(name: Sysctl, value: number): string {
  if (name === 'bpf_jit_limit')
    return value < 0
      ? 'Unable to retrieve global memory limit for JIT compiler for unprivileged users'
      : `Global memory limit for JIT compiler for unprivileged users is ${value} bytes`;
  const [words, unread, unknown] = sysctlWords[name];
  return words[value] ?? (value < 0 ? unread : `${unknown} has unknown value ${value}`);
}
