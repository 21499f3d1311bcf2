import type { Support } from '../../../kernel/index.js';
import { mapTypeName, progTypeName } from '../../../object/index.js';
import { helperName } from './names.js';
import type { FeatureReport } from './report.js';

/** A C header of what there is: the lines of `bpftool feature probe macros`. What could not be found out is not defined. */
export function macroLines({ system, support }: FeatureReport, prefix: string): string[] {
  const have = (name: string, has: Support): string =>
    has === undefined
      ? `/* ${prefix}HAVE_${name.toUpperCase()} could not be probed */`
      : `#define ${prefix}${has ? '' : 'NO_'}HAVE_${name.toUpperCase()}`;
  const hz = system?.options?.['CONFIG_HZ'];
  const parts = [
    ...(system
      ? [
          section('Misc kernel config items', [
            hz ? `#define ${prefix}CONFIG_HZ ${hz}` : `/* ${prefix}CONFIG_HZ is not set */`,
          ]),
        ]
      : []),
    section('System call availability', [have('BPF_SYSCALL', support.syscall)]),
  ];
  if (!support.syscall) return parts.flat();
  return [
    ...parts,
    section(
      'eBPF program types',
      [...support.progTypes].map(([type, has]) => have(`${progTypeName(type)}_prog_type`, has)),
    ),
    section(
      'eBPF map types',
      [...support.mapTypes].map(([type, has]) => have(`${mapTypeName(type)}_map_type`, has)),
    ),
    section('eBPF helper functions', [
      ...helperMacro(prefix),
      ...[...support.helpers].flatMap(([type, found]) =>
        [...(found ?? [])].map(
          ([id, has]) =>
            `#define ${prefix}BPF__PROG_TYPE_${progTypeName(type)}__HELPER_${helperName(id)} ${has ? 1 : 0}`,
        ),
      ),
    ]),
    section(
      'eBPF misc features',
      [...support.insns].map(([name, has]) => have(name, has)),
    ),
  ].flat();
}

function section(title: string, lines: readonly string[]): string[] {
  return [`/*** ${title} ***/`, ...lines, ''];
}

/** An undefined macro is 0 to the preprocessor: helpers of types without any need no lines. */
function helperMacro(prefix: string): string[] {
  const macro = `${prefix}HAVE_PROG_TYPE_HELPER`;
  return [
    `/* ${macro}(xdp, bpf_redirect) is 1 where XDP programs may call bpf_redirect(), for #if. */`,
    `#define ${macro}(prog_type, helper)	\\`,
    `	${prefix}BPF__PROG_TYPE_ ## prog_type ## __HELPER_ ## helper`,
  ];
}
