import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { nodeAs } from './cli-process.js';
import { fixture, repository } from './repository.js';

interface Package {
  bin: { rawbpf: string };
  exports: Record<string, string>;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}
interface Packed {
  filename: string;
  size: number;
  unpackedSize: number;
  files: { path: string }[];
}

const { bin, exports, dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(repository, 'package.json'), 'utf8'),
) as Package;
const entries = Object.keys(exports).filter(path => path !== './package.json');
const opensnoop = fixture('opensnoop');

const folder = mkdtempSync(join(tmpdir(), 'rawbpf-package-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** What `npm pack` makes of what `npm run build` made. Once for all tests. */
let packed: Packed | undefined;
function pack(): Packed {
  packed ??= (
    JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
        encoding: 'utf8',
        cwd: repository,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as Packed[]
  )[0] as Packed;
  return packed;
}

/** Only after `npm run build`: tsc alone makes no package. */
function built(t: Test): boolean {
  if (existsSync(join(repository, bin.rawbpf))) return true;
  if (process.env['CI'] === 'true') t.fail(`${bin.rawbpf} is missing`);
  else t.plan(0, `needs ${bin.rawbpf}, which npm run build makes`);
  return false;
}

/**
 * A project with the package as npm would unpack it. Its dependencies are this repository's own, so that nothing is fetched; without those that
 * are left out.
 */
function project(name: string, ...without: string[]): string {
  const root = join(folder, name);
  const modules = join(root, 'node_modules');
  mkdirSync(join(modules, 'rawbpf'), { recursive: true });
  execFileSync('tar', [
    'xzf',
    join(folder, pack().filename),
    '-C',
    join(modules, 'rawbpf'),
    '--strip-components=1',
  ]);
  for (const dependency of ['@types/node', ...Object.keys({ ...dependencies, ...optionalDependencies })]) {
    if (without.includes(dependency)) continue;
    mkdirSync(dirname(join(modules, dependency)), { recursive: true });
    symlinkSync(join(repository, 'node_modules', dependency), join(modules, dependency));
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, type: 'module' }));
  return root;
}

/** Runs a script in a project; returns what it printed. */
function prints(t: Test, cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = nodeAs({ cwd }, ...args);
  t.equal(stderr, '', args.join(' '));
  t.equal(status, 0, status === 0 ? args.join(' ') : stdout);
  return stdout;
}

/** The path by which a project imports one of the package's entries. */
function specifier(entry: string): string {
  return entry.replace('.', 'rawbpf');
}

t.test('less than a megabyte, and nothing that nobody needs', async t => {
  if (!built(t)) return;
  const { size, unpackedSize, files } = pack();
  t.comment(`${Math.round(size / 1000)} kB packed, ${Math.round(unpackedSize / 1000)} kB unpacked`);
  t.ok(size < 1_000_000, `${size} bytes`);
  const paths = files.map(file => file.path);
  for (const path of [
    bin.rawbpf,
    ...Object.values(exports).map(path => path.slice(2)),
    'README.md',
    'LICENSE',
  ])
    t.ok(paths.includes(path), path);
  t.same(
    paths.filter(path => /\.map$|(?<!\.d)\.ts$|^dist\/(test|bench|src\/cli)\//.test(path)),
    [],
  );
  t.match(readFileSync(join(repository, dirname(bin.rawbpf), 'LICENSES.txt'), 'utf8'), /^commander \d/);
});

t.test('the command is a program', async t => {
  if (!built(t)) return;
  const path = join(project('command'), 'node_modules/rawbpf', bin.rawbpf);
  // npm does so with each program of a package.
  chmodSync(path, 0o755);
  const printed = execFileSync(path, ['inspect', opensnoop, '--json'], { encoding: 'utf8' });
  t.equal(JSON.parse(printed).programs.length, 4);
});

t.test('import and require give the same', async t => {
  if (!built(t)) return;
  const root = project('javascript');
  for (const entry of entries) {
    const name = specifier(entry);
    const imported = prints(
      t,
      root,
      ...[
        '--input-type=module',
        '-e',
        `import * as all from '${name}'; console.log(Object.keys(all).sort().join())`,
      ],
    );
    const required = prints(
      t,
      root,
      ...['--input-type=commonjs', '-e', `console.log(Object.keys(require('${name}')).sort().join())`],
    );
    t.match(imported, /^\w+(,\w+)+\n$/);
    t.equal(required, imported, name);
  }
});

t.test('types resolve in a strict nodenext project, as a module and as CommonJS', async t => {
  if (!built(t)) return;
  const root = project('typescript');
  const options = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    strict: true,
  };
  writeFileSync(
    join(root, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, skipLibCheck: false, types: ['node'], outDir: 'out' } }),
  );
  const imports = entries.map(
    (entry, i) => `import * as entry${i} from '${specifier(entry)}';\nvoid entry${i};\n`,
  );
  writeFileSync(
    join(root, 'module.ts'),
    `${imports.join('')}
import { BpfObject, HashMap } from 'rawbpf';
import { inspectObject, parseObject } from 'rawbpf/object';
export function flows(path: string): number | undefined {
  using object = BpfObject.open(path).load();
  return object.map('flows', HashMap<{ port: number }, number>).get({ port: 80 });
}
// @ts-expect-error it has no such export
import { nosuch } from 'rawbpf';
console.log(inspectObject(parseObject(new Uint8Array(process.argv.length))).programs.length, nosuch);
`,
  );
  writeFileSync(
    join(root, 'common.cts'),
    `import object = require('rawbpf/object');
import fs = require('node:fs');
const bytes = fs.readFileSync(process.argv[2] as string);
console.log(object.inspectObject(object.parseObject(bytes)).programs.map(program => program.name).join());
`,
  );
  prints(t, root, join(repository, 'node_modules/typescript/bin/tsc'), '-p', '.');
  t.match(prints(t, root, 'out/common.cjs', opensnoop), 'tracepoint__syscalls__sys_enter_openat');
});

t.test('without koffi, what reads files works, and what calls the kernel says what is missing', async t => {
  if (!built(t)) return;
  const root = project('no-koffi', 'koffi');
  offline(t, root, []);
  if (process.platform !== 'linux') return;
  const { status, stderr } = nodeAs({ cwd: root }, join('node_modules/rawbpf', bin.rawbpf), 'prog', 'list');
  t.equal(status, 1);
  t.match(stderr, /^rawbpf: koffi, .*npm install koffi.*\n$/);
});

t.test('on a system that is not Linux, what reads files works', async t => {
  if (!built(t)) return;
  const root = project('other-system', 'koffi');
  writeFileSync(join(root, 'other.cjs'), `Object.defineProperty(process, 'platform', { value: 'darwin' });`);
  offline(t, root, ['--require', './other.cjs']);
  const { status, stderr } = nodeAs(
    { cwd: root },
    ...['--require', './other.cjs', join('node_modules/rawbpf', bin.rawbpf), 'prog', 'list'],
  );
  t.equal(status, 1);
  t.match(stderr, /^rawbpf: bpf\(\) needs Linux.* this is darwin.*\n$/);
});

/** The command's `inspect`, and the entries that are for any system. */
function offline(t: Test, root: string, nodeOptions: readonly string[]): void {
  const command = join('node_modules/rawbpf', bin.rawbpf);
  const text = prints(t, root, ...nodeOptions, command, 'inspect', opensnoop, '--json');
  t.equal(JSON.parse(text).programs.length, 4);
  for (const name of ['rawbpf/object', 'rawbpf/btf', 'rawbpf/elf', 'rawbpf/insn', 'rawbpf'])
    prints(t, root, ...nodeOptions, '--input-type=module', '-e', `import '${name}'`);
  const script = `import { readFileSync } from 'node:fs';
import { inspectObject, parseObject } from 'rawbpf/object';
import { Btf } from 'rawbpf/btf';
const spec = parseObject(readFileSync(process.argv[1]));
console.log(inspectObject(spec).programs.length, spec.btf instanceof Btf);`;
  t.equal(prints(t, root, ...nodeOptions, '--input-type=module', '-e', script, opensnoop), '4 true\n');
}
