import { appendFileSync } from 'node:fs';
import type { Test } from 'tap';
import { type BpfError, Kernel, UnsupportedFeatureError } from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { sectionRules } from '../src/object/index.js';
import { liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { deniesPatching } from './vendor-kernel.js';

/** One result: a cell of the README's table of section names. */
export interface SectionCell {
  /** `6.18` */
  readonly kernel: string;
  /** A name of libbpf's table, e.g. `kprobe.multi+`. */
  readonly section: string;
  /** `yes`, `needs 6.19`, or the reason in a few words. */
  readonly cell: string;
}

/** Thrown by a body that found out by itself why this machine cannot run it: `no lirc device`. The message becomes the table's cell. */
export class MachineLacks extends Error {}

/**
 * Shows that programs of these sections (names of libbpf's table, their `+` may be left out) do what they are for on the running kernel: `body` loads, attaches,
 * triggers, looks at what came, detaches. Passes and records `needs X.Y` where the body throws UnsupportedFeatureError for a kernel older than its
 * `since`. One that throws it on a kernel that is new enough fails, but where the kernel's config or its vendor explains it.
 *
 * A cell goes as a line of JSON to the file that RAWBPF_SECTION_ROWS names, or as a TAP comment when that is `-`.
 */
export async function sectionRow(
  t: Test,
  patterns: readonly string[],
  body: (t: Test) => void | Promise<void>,
): Promise<void> {
  const sections = patterns.map(rulePattern);
  let cell: string | undefined;
  const name = `section ${sections.join(', ')}`;
  const result = await t.test(name, async t => {
    if (needs(t, { bpf: true })) cell = await cellOf(t, sections, body);
  });
  if (cell === undefined || !result?.ok) return;
  if (result.count === 0) t.fail(`${name}: has to look at what its program did`);
  else for (const section of sections) record(t, { kernel: runningKernel(), section, cell });
}

/** `6.18` of the running kernel, as the table's columns are called. */
export function runningKernel(): string {
  const { versionCode: code } = Kernel.running(liveSys());
  return `${code >> 16}.${(code >> 8) & 0xff}`;
}

async function cellOf(
  t: Test,
  sections: readonly string[],
  body: (t: Test) => void | Promise<void>,
): Promise<string | undefined> {
  try {
    await body(t);
  } catch (error) {
    const reason =
      error instanceof MachineLacks ? error.message : absence(error, sections, Kernel.running(liveSys()));
    if (reason === undefined) throw error;
    t.pass(`${reason}: ${error instanceof Error ? error.message : error}`);
    return reason;
  }
  return 'yes';
}

/** Why the kernel may lack what was asked of it; undefined where it ought to have it. */
function absence(error: unknown, sections: readonly string[], kernel: Kernel): string | undefined {
  if (!(error instanceof UnsupportedFeatureError)) return undefined;
  if (error.since && versionCode(error.since) > kernel.versionCode) return `needs ${error.since}`;
  const option = missingOption(error.explain(), kernel);
  if (option) return `${option} off`;
  const { errnoName, cmd } = (error.cause ?? {}) as Partial<BpfError>;
  if (
    errnoName === 'EPERM' &&
    cmd === 'BPF_PROG_LOAD' &&
    deniesPatching(kernel) &&
    sections.every(patchesKernel)
  )
    return 'vendor: EPERM at load';
  return undefined;
}

/** The first option that the text names and that the kernel was built without. */
function missingOption(text: string, { kconfig }: Kernel): string | undefined {
  return text.match(/\bCONFIG_\w+/g)?.find(name => kconfig && !/^[ym]$/.test(kconfig.get(name) ?? ''));
}

/** True for programs that the kernel runs by patching its code, which vendors turn off as one. */
export function patchesKernel(section: string): boolean {
  return /^(fentry|fexit|fmod_ret|lsm|lsm_cgroup|freplace)(\.s)?\+$/.test(section);
}

function rulePattern(name: string): string {
  const rule = sectionRules.find(({ pattern }) => pattern === name || pattern === `${name}+`);
  if (!rule) throw new Error(`libbpf's table has no section ${name}`);
  return rule.pattern;
}

function record(t: Test, cell: SectionCell): void {
  const line = JSON.stringify(cell);
  const path = process.env['RAWBPF_SECTION_ROWS'];
  if (path === '-') t.comment(`section-row ${line}`);
  else if (path) appendFileSync(path, `${line}\n`);
}
