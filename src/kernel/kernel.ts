import type { Btf } from '../btf/index.js';
import type { FeatureName, KernelModule, KernelView } from '../object/index.js';
import type { Sys } from '../syscall/index.js';
import { onlineCpus, possibleCpus } from './cpus.js';
import { features, type ProbedFeature } from './features.js';
import { readSymbolAddresses } from './kallsyms.js';
import { readKconfig } from './kconfig.js';
import { loadedModules, readModules } from './modules.js';
import { pageSize } from './page-size.js';
import { wrapsProbedSyscalls } from './syscall-symbol.js';
import { runningVersion, versionCode } from './version.js';
import { vmlinuxBtf } from './vmlinux-btf.js';

const running = new WeakMap<Sys, Kernel>();

/** The kernel behind a {@link Sys}. Everything is found out when asked for, once for the process. */
export class Kernel implements KernelView {
  readonly sys: Sys;
  readonly release: string;
  readonly versionCode: number;
  readonly #features = new Map<ProbedFeature, boolean>();
  #possibleCpus: readonly number[] | undefined;
  #btf: { readonly value: Btf | undefined } | undefined;
  #kconfig: { readonly value: ReadonlyMap<string, string> | undefined } | undefined;
  #modules: { readonly loaded: string; readonly list: readonly KernelModule[] } | undefined;

  private constructor(sys: Sys) {
    this.sys = sys;
    const { release, code } = runningVersion();
    this.release = release;
    this.versionCode = code;
  }

  /** The running kernel, asked through `sys`. */
  static running(sys: Sys): Kernel {
    const kernel = running.get(sys) ?? new Kernel(sys);
    running.set(sys, kernel);
    return kernel;
  }

  get possibleCpus(): number {
    return this.possibleCpuNumbers.length;
  }

  /** The numbers of the possible CPUs, ascending; they may have gaps. */
  get possibleCpuNumbers(): readonly number[] {
    this.#possibleCpus ??= possibleCpus();
    return this.#possibleCpus;
  }

  /** Bytes of a page. */
  get pageSize(): number {
    return pageSize();
  }

  /** CPUs that run now; read each time, because they come and go. */
  get onlineCpus(): readonly number[] {
    return onlineCpus();
  }

  get btf(): Btf | undefined {
    this.#btf ??= { value: vmlinuxBtf(this.sys, this.release) };
    return this.#btf.value;
  }

  get kconfig(): ReadonlyMap<string, string> | undefined {
    this.#kconfig ??= { value: readKconfig(this.release) };
    return this.#kconfig.value;
  }

  get modules(): readonly KernelModule[] {
    if (!this.btf) return [];
    const loaded = loadedModules();
    if (this.#modules?.loaded !== loaded) this.#modules = { loaded, list: readModules(this.sys, this.btf) };
    return this.#modules.list;
  }

  /** Read anew at every call: modules come and go. */
  symbolAddresses(names: ReadonlySet<string>): ReadonlyMap<string, bigint | 'ambiguous'> | undefined {
    return readSymbolAddresses(names);
  }

  /**
   * Whether the kernel has a feature; probed once, and not at all when it is known to have a newer one: kernels keep what they have, and
   * vendors who backport bring BPF as a whole.
   */
  has(feature: FeatureName): boolean {
    if (feature === 'syscall_wrapper') return wrapsProbedSyscalls(this);
    const known =
      this.#features.get(feature) ?? (this.#isImplied(feature) || features[feature].probe(this.sys));
    this.#features.set(feature, known);
    return known;
  }

  #isImplied(feature: ProbedFeature): boolean {
    const since = versionCode(features[feature].since);
    for (const [other, present] of this.#features)
      if (present && !features[other].backported && versionCode(features[other].since) >= since) return true;
    return false;
  }
}
