import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FormatValueOptions } from '../src/btf/index.js';
import { repository } from './repository.js';

/** A value to write: bytes of a type. */
export interface Case {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly options: FormatValueOptions;
}

/** libbpf's own dump of values, by test/peers/format-value.c. */
export class FormatValuePeer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rawbpf-peer-'));
  readonly #program = join(this.#folder, 'format-value');

  constructor() {
    const source = join(repository, 'test/peers/format-value.c');
    execFileSync('gcc', ['-O1', '-o', this.#program, source, '-lbpf', '-lelf', '-lz']);
  }

  /** What libbpf returns and prints for each case. */
  format(file: string, cases: readonly Case[]): { result: number; text: string }[] {
    const lines = cases.map(({ id, bytes, options: { compact, skipNames, emitZeroes } }) => {
      const flags = (compact ? 1 : 0) + (skipNames ? 2 : 0) + (emitZeroes ? 4 : 0);
      return `${id} ${flags} ${Buffer.from(bytes).toString('hex') || '-'}\n`;
    });
    const { stdout, status } = spawnSync(this.#program, [file], {
      input: lines.join(''),
      encoding: 'latin1',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`format-value: ${status}`);
    return stdout
      .split('\n---\n')
      .slice(0, -1)
      .map(answer => {
        const [, result, text] = /^(-?\d+) <([\s\S]*)>$/.exec(answer) ?? [];
        return { result: Number(result), text: text ?? '' };
      });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
