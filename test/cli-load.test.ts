import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { command, nodeAs, rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

interface Loaded {
  file: string;
  ok: boolean;
  error?: string;
  programs: {
    name: string;
    ok: boolean;
    tag?: string;
    xlatedBytes?: number;
    jitedBytes?: number;
    verifiedInsns?: number;
    error?: string;
  }[];
}

const objects = [
  'minimal',
  'hello',
  'hello-map',
  'hello-buffer',
  'hello-buffer-config',
  'hello-ring',
  'hello-tail',
  'opensnoop',
  'test-subprog',
  'test-types',
];

t.test('every program has the tag and sizes that it has when bpftool loads it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'mount'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-load-'));
  run('mount', '-t', 'bpf', 'bpf', folder);
  try {
    for (const object of objects) {
      run('bpftool', 'prog', 'loadall', fixture(object), join(folder, object));
      for (const each of [[], ['--each']]) {
        const { status, stdout, stderr } = rawbpf('load', '--json', ...each, fixture(object));
        t.equal(status, 0, stderr);
        const loaded: Loaded = JSON.parse(stdout);
        t.match(loaded, { file: fixture(object), ok: true });
        t.not(loaded.programs.length, 0);
        for (const program of loaded.programs) {
          const pin = join(folder, object, program.name);
          const shown = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', pin));
          t.same(
            program,
            {
              name: program.name,
              ok: true,
              tag: shown.tag,
              xlatedBytes: shown.bytes_xlated,
              jitedBytes: shown.bytes_jited,
              verifiedInsns: program.verifiedInsns,
            },
            `${object}: ${program.name}`,
          );
          t.ok((program.verifiedInsns ?? 0) > 0);
        }
      }
    }
  } finally {
    run('umount', folder);
    rmSync(folder, { recursive: true });
  }
});

t.test('for people', async t => {
  if (!needs(t, { bpf: true })) return;
  const { status, stdout, stderr } = rawbpf('load', fixture('minimal'));
  t.equal(status, 0, stderr);
  t.match(stdout, /handle_tp +ok +[0-9a-f]{16} +\d+ +\d+ +\d+/);
});

t.test('a program that the verifier refuses does not hide the others', async t => {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return;
  const folder = t.testdir({ 'half.bpf.c': halfBad });
  const object = join(folder, 'half.bpf.o');
  run('clang', '-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-c', join(folder, 'half.bpf.c'), '-o', object);

  const whole = rawbpf('load', '--json', object);
  t.equal(whole.status, 1);
  t.match(whole.stderr, /^rawbpf: .+\n$/);
  t.match(JSON.parse(whole.stdout), { ok: false, error: String });

  const each = rawbpf('load', '--each', '--json', object);
  t.equal(each.status, 1);
  t.match(each.stderr, /^rawbpf: .*bad.*\n$/);
  const loaded: Loaded = JSON.parse(each.stdout);
  t.match(loaded, { ok: false, error: /bad/ });
  t.match(
    loaded.programs.map(p => [p.name, p.ok]),
    [
      ['good', true],
      ['bad', false],
    ],
  );

  const verbose = rawbpf('load', '--each', '--verbose', object);
  t.match(verbose.stderr, /> +0: r0 = r7\n.*R7 !read_ok\n.*before it is set/);
});

/** The second reads a register that was never written. */
const halfBad = `#define SEC(name) __attribute__((section(name), used))
char LICENSE[] SEC("license") = "GPL";
SEC("raw_tp") int good(void *ctx) { return 0; }
SEC("raw_tp") int bad(void *ctx) { long r; asm volatile("%0 = r7" : "=r"(r)); return r; }
`;

t.test('without privilege the kernel says no, in one line', async t => {
  if (!needs(t, { linux: true })) return;
  const { status, stdout, stderr } = nodeAs(nobody(), command, 'load', fixture('minimal'));
  t.equal(status, 1);
  t.notMatch(stdout, /ok/);
  t.match(stderr, /^rawbpf: .*(EPERM|EACCES).*\n$/);
});

/** As whom to run what is to have no privilege. */
function nobody(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
}
