import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NotAtHand } from './compare.js';
import { repository } from './repository.js';

const library = 'src/github.com/cilium/ebpf';

/**
 * Compiles the peer on cilium/ebpf into `folder`, from what is on this machine: Go, and the library's source in a GOPATH
 * (Debian: golang-github-cilium-ebpf-dev). Nothing is downloaded. Throws NotAtHand.
 */
export function buildCilium(folder: string): string {
  const program = join(folder, 'cilium');
  if (existsSync(program)) return program;
  const places = [...(process.env['GOPATH'] ?? '').split(delimiter), '/usr/share/gocode'].filter(Boolean);
  const place = places.find(path => existsSync(join(path, library)));
  if (!place) throw new NotAtHand('no source of cilium/ebpf in GOPATH or /usr/share/gocode');
  const cache = join(folder, 'go');
  mkdirSync(cache, { recursive: true });
  try {
    execFileSync('go', ['build', '-tags', tags(join(place, library)).join(), '-o', program, '.'], {
      cwd: join(repository, 'bench/peers/cilium'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GO111MODULE: 'off',
        GOPATH: places.join(delimiter),
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

/** What newer versions of the library have: the fastest way is taken that the source at hand offers. */
function tags(source: string): string[] {
  return [
    ...(existsSync(join(source, 'ringbuf/raw_reader.go')) ? ['rawreader'] : []),
    ...(readFileSync(join(source, 'map.go'), 'utf8').includes('type MapBatchCursor') ? ['batchcursor'] : []),
  ];
}
