import t from 'tap';
import { BpfProgType } from '../src/abi/index.js';
import { BpfObject, Kernel, UnsupportedFeatureError } from '../src/index.js';
import { progLoadSince, progTypeOption, versionCode } from '../src/kernel/index.js';
import type { SectionRule } from '../src/object/index.js';
import { liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { type SectionObject, sectionObjects } from './section-objects.js';
import { patchesKernel, runningKernel } from './section-row.js';
import { deniesPatching } from './vendor-kernel.js';

/** Types whose attach type kernels look at when the program is attached; those that do not know it load the program. */
const judgedLater: readonly number[] = [
  BpfProgType.BPF_PROG_TYPE_KPROBE,
  BpfProgType.BPF_PROG_TYPE_SCHED_CLS,
  BpfProgType.BPF_PROG_TYPE_SK_REUSEPORT,
  BpfProgType.BPF_PROG_TYPE_SK_SKB,
];

/** Some kernels before these programs could sleep let them load all the same. */
const mayLoadEarlier = /^(tp_btf|iter)\.s/;

t.test('every section name loads, or is refused with the version that it needs', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  const vendor = deniesPatching(kernel);
  for (const row of sectionObjects()) {
    const got = outcome(row);
    const early = got === 'loads' && mayLoadEarlier.test(row.section);
    t.equal(got, early ? got : expected(row, kernel, vendor), `${runningKernel()}: ${row.section}`);
  }
});

function outcome({ section, bytes, rule }: SectionObject): string {
  try {
    using obj = BpfObject.open(bytes, { file: section }).load();
    const { type } = obj.program('prog').info();
    return type === rule.type ? 'loads' : `loads as type ${type}`;
  } catch (error) {
    if (error instanceof UnsupportedFeatureError)
      return /built without/.test(error.message)
        ? 'built without it'
        : error.since
          ? `needs ${error.since}`
          : 'refused by the vendor';
    return String(error);
  }
}

function expected({ rule }: SectionObject, kernel: Kernel, vendor: boolean): string {
  const { type, attachType } = rule;
  const flags = (rule.sleepable ? 1 << 4 : 0) | (rule.xdpFrags ? 1 << 5 : 0);
  const needed = progLoadSince({ type, attachType, flags }).since;
  const unjudged = progLoadSince({ type, attachType: 0, flags }).since;
  const since = judgedLater.includes(type) ? unjudged : needed;
  if (versionCode(since) > kernel.versionCode) return `needs ${needed}`;
  const option = sleepsByOption(rule, kernel) ? 'CONFIG_FUNCTION_ERROR_INJECTION' : progTypeOption(type);
  if (kernel.kconfig?.has(option) === false) return 'built without it';
  return vendor && patchesKernel(rule.pattern) ? 'refused by the vendor' : 'loads';
}

/** Before some functions of the kernel's own tests were marked for sleepers (6.3), only those were that errors may be injected into. */
function sleepsByOption({ pattern }: SectionRule, kernel: Kernel): boolean {
  return /^(fentry|fexit|fmod_ret)\.s/.test(pattern) && kernel.versionCode < versionCode('6.3');
}
