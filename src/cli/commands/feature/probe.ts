import { features, Kernel, kernelSupport, type Support } from '../../../kernel/index.js';
import { liveSys } from '../../../syscall/index.js';
import { printJson, printLines } from '../../output.js';
import { progress } from '../../progress.js';
import { Refusal } from '../../refusal.js';
import { complain } from '../../report-error.js';
import { Words } from '../../words.js';
import { macroLines } from './macros.js';
import { missingOf } from './missing.js';
import { type FeatureReport, reportRecord } from './report.js';
import { readSystemConfig } from './system-config.js';
import { reportLines } from './text.js';

export interface ProbeOptions {
  readonly json?: boolean;
}

interface Wanted {
  device?: string;
  full?: boolean;
  /** What macros begin with, where macros are wanted. */
  prefix?: string;
}

/** `rawbpf feature probe [kernel|dev NAME] [full] [macros [prefix PREFIX]]`: what this machine's kernel, or a device, can do with BPF. */
export async function probeFeatures(rest: readonly string[], { json }: ProbeOptions): Promise<void> {
  const wanted = read(new Words(rest));
  const report = await progress('probing the kernel', () => probe(wanted));
  if (unknownIn(report))
    complain(
      'part of it could not be probed: that takes CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, of the host: run it as root',
    );
  if (json) await printJson(reportRecord(report));
  else
    await printLines(wanted.prefix === undefined ? reportLines(report) : macroLines(report, wanted.prefix));
}

function read(words: Words): Wanted {
  const wanted: Wanted = {};
  const component = words.skip('kernel');
  if (!component && words.skip('dev')) wanted.device = words.take('the name of the device');
  while (words.next !== undefined) {
    if (words.skip('full')) wanted.full = true;
    else if (words.skip('macros'))
      wanted.prefix = words.skip('prefix') ? words.take('what the macros begin with') : '';
    else if (words.skip('unprivileged'))
      throw new Refusal(
        'unprivileged: run it as a user without capabilities: setpriv --reuid 65534 --clear-groups',
      );
    else words.end();
  }
  return wanted;
}

function probe({ device, full = false }: Wanted): FeatureReport {
  const sys = liveSys();
  const kernel = Kernel.running(sys);
  if (device !== undefined) {
    const ifindex = sys.interfaceIndex(device);
    if (ifindex <= 0)
      throw new Refusal(`dev ${device}: this network namespace has no interface of this name`);
    return {
      system: undefined,
      support: kernelSupport({ ifindex, full }),
      loader: undefined,
      // That a device takes no programs says nothing of the kernel.
      missing: [],
    };
  }
  const system = readSystemConfig();
  const support = kernelSupport({ full });
  const known = ![...support.progTypes.values()].includes(undefined);
  const loader: Record<string, Support> = {};
  for (const [name, feature] of Object.entries(features))
    loader[name] = known ? feature.probe(sys) : undefined;
  return { system, support, loader, missing: missingOf(kernel, support, loader) };
}

function unknownIn({ support: { progTypes, mapTypes, insns } }: FeatureReport): boolean {
  return [progTypes, mapTypes, insns].some(found => [...found.values()].includes(undefined));
}
