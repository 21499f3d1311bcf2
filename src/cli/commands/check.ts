import {
  checkObject,
  type MissingFromKernel,
  newestKernel,
  type ObjectSpec,
  parseObject,
} from '../../object/index.js';
import { relocationReport } from '../core-relocation.js';
import { print, printJson } from '../output.js';
import { progress } from '../progress.js';
import { readBtf } from '../read-btf.js';
import { readInput } from '../read-input.js';
import { Refusal, Refusals } from '../refusal.js';

export interface CheckOptions {
  readonly btf: readonly string[];
  readonly json?: boolean;
}

/** What can be told of an object on several kernels by their BTF. */
export interface CheckReport {
  readonly file: string;
  readonly ok: boolean;
  readonly kernels: readonly KernelReport[];
}

export type KernelReport = ReturnType<typeof kernelReport>;
export type ProgramReport = KernelReport['programs'][number];

/** `rawbpf check FILE --btf A --btf B`: whether the programs of an object find what they rely on in the types of other kernels. */
export async function check(file: string, { btf, json }: CheckOptions): Promise<void> {
  const spec = parseObject(readInput(file), { file });
  const kernels = await progress(`checking ${file}`, () => btf.map(source => kernelReport(spec, source)));
  const report: CheckReport = { file, ok: kernels.every(isOk), kernels };
  if (json) await printJson(report);
  else await print((await import('../check-text.js')).checkText(report));
  if (!report.ok)
    throw new Refusals(
      kernels
        .filter(kernel => !isOk(kernel))
        .map(kernel => new Refusal(`${file}: ${refusedNames(kernel)} would be refused on ${kernel.btf}`)),
    );
}

function kernelReport(spec: ObjectSpec, source: string) {
  const kernel = { ...newestKernel({ btf: readBtf(source) }), release: source };
  const { programs, relocations } = checkObject(spec, kernel);
  return {
    btf: source,
    programs: programs.map(({ program: { name, section, autoload }, refused, missing }) => ({
      name,
      section,
      autoload,
      ok: refused === undefined,
      ...(refused === undefined ? {} : { error: refused }),
      missing: missing.map(missingReport),
    })),
    relocations: relocations.map(relocationReport),
  };
}

function missingReport({ index, missing, source, guarded }: MissingFromKernel) {
  return { insn: index, what: missing, source: source ?? null, guarded };
}

/** Programs that are not loaded by themselves do not count: what they need may be what other kernels have. */
function isOk({ programs }: KernelReport): boolean {
  return programs.every(p => p.ok || !p.autoload);
}

function refusedNames({ programs }: KernelReport): string {
  return programs
    .filter(p => !p.ok && p.autoload)
    .map(p => p.name)
    .join(', ');
}
