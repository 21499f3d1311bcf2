import type { Btf } from '../btf/index.js';
import type { FeatureName, KernelView } from '../object/index.js';
import type { Sys } from '../syscall/index.js';
import { onlineCpus, possibleCpus } from './cpus.js';
import { features } from './features.js';
import { runningVersion } from './version.js';
import { vmlinuxBtf } from './vmlinux-btf.js';

const running = new WeakMap<Sys, Kernel>();

/** The kernel behind a {@link Sys}. Everything is found out when asked for, once for the process. */
export class Kernel implements KernelView {
  readonly sys: Sys;
  readonly release: string;
  readonly versionCode: number;
  readonly #features = new Map<FeatureName, boolean>();
  #possibleCpus: number | undefined;
  #btf: { readonly value: Btf | undefined } | undefined;

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
    this.#possibleCpus ??= possibleCpus();
    return this.#possibleCpus;
  }

  /** CPUs that run now; read each time, because they come and go. */
  get onlineCpus(): readonly number[] {
    return onlineCpus();
  }

  get btf(): Btf | undefined {
    this.#btf ??= { value: vmlinuxBtf(this.sys) };
    return this.#btf.value;
  }

  /** Probes for a feature, once. */
  has(feature: FeatureName): boolean {
    let known = this.#features.get(feature);
    if (known === undefined) {
      known = features[feature].probe(this.sys);
      this.#features.set(feature, known);
    }
    return known;
  }
}
