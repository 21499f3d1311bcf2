import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './repository.js';

/** What libbpf makes of BTF, by test/peers/make-btf.c. */
export class MakeBtfPeer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rawbpf-peer-'));
  readonly #program = join(this.#folder, 'make-btf');
  /** Minor version of libbpf 1. */
  readonly version: number;

  constructor() {
    const source = join(repository, 'test/peers/make-btf.c');
    execFileSync('gcc', ['-O1', '-o', this.#program, source, '-lbpf', '-lelf', '-lz']);
    const [major = 0, minor = 0] = execFileSync(this.#program, ['version'], { encoding: 'utf8' })
      .split('.')
      .map(Number);
    this.version = (major - 1) * 1000 + minor;
  }

  /** The result of btf__dedup(); undefined when libbpf refuses. */
  dedup(bytes: Uint8Array, base?: Uint8Array): Uint8Array | undefined {
    const out = this.#path('out');
    const bases = base ? [this.#file('base', base)] : [];
    return this.#succeeds('dedup', this.#file('in', bytes), out, ...bases) ? readFileSync(out) : undefined;
  }

  /** The results of btf__distill_base(), which came with libbpf 1.5. */
  distill(bytes: Uint8Array, base: Uint8Array): { split: Uint8Array; base: Uint8Array } {
    const [out, outBase] = [this.#path('out'), this.#path('out-base')];
    if (!this.#succeeds('distill', this.#file('in', bytes), this.#file('base', base), out, outBase))
      throw new Error('btf__distill_base() failed');
    return { split: readFileSync(out), base: readFileSync(outBase) };
  }

  /** The result of btf__relocate(), which came with libbpf 1.5; undefined when libbpf refuses. */
  relocate(bytes: Uint8Array, distilled: Uint8Array, base: Uint8Array): Uint8Array | undefined {
    const out = this.#path('out');
    const inputs = [this.#file('in', bytes), this.#file('distilled', distilled), this.#file('base', base)];
    return this.#succeeds('relocate', ...inputs, out) ? readFileSync(out) : undefined;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #file(name: string, bytes: Uint8Array): string {
    writeFileSync(this.#path(name), bytes);
    return this.#path(name);
  }

  /** False when libbpf refuses; throws when the program fails otherwise. */
  #succeeds(...args: string[]): boolean {
    const { status, stderr } = spawnSync(this.#program, args, { encoding: 'utf8' });
    if (status !== 0 && status !== 2) throw new Error(`make-btf ${args[0]}: ${stderr}`);
    return status === 0;
  }
}
