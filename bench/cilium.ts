import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NotAtHand } from './compare.js';
import { repository } from './repository.js';

const source = 'src/github.com/cilium/ebpf';

/**
 * Compiles the peer on cilium/ebpf into `folder`, from what is on this machine: Go, and the library's source in a GOPATH
 * (Debian: golang-github-cilium-ebpf-dev). Nothing is downloaded. Throws NotAtHand.
 */
export function buildCilium(folder: string): string {
  const program = join(folder, 'cilium');
  if (existsSync(program)) return program;
  const places = [...(process.env['GOPATH'] ?? '').split(delimiter), '/usr/share/gocode'];
  const place = places.find(path => path && existsSync(join(path, source)));
  if (!place) throw new NotAtHand('no source of cilium/ebpf in GOPATH or /usr/share/gocode');
  const cache = join(folder, 'go');
  mkdirSync(cache, { recursive: true });
  try {
    execFileSync('go', ['build', '-o', program, join(repository, 'bench/peers/cilium/main.go')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GO111MODULE: 'off',
        GOPATH: places.filter(Boolean).join(delimiter),
        GOCACHE: cache,
      },
    });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    throw new NotAtHand(
      code === 'ENOENT' ? 'no go on the PATH' : `go build: ${String(stderr).trim().split('\n')[0]}`,
    );
  }
  return program;
}
