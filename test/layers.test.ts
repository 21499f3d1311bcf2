import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { repository } from './repository.js';

/** Rooms from the ground up: a room imports only rooms before it. */
const order = [
  'errors',
  'abi',
  'elf',
  'btf',
  'insn',
  'object',
  'gen',
  'syscall',
  'kernel',
  'compile',
  'maps',
  'symbols',
  'programs',
  'cli',
];
/** What a room may import where that is less than everything before it. */
const narrower: Record<string, readonly string[]> = {
  errors: [],
  abi: ['errors'],
  elf: ['errors', 'abi'],
  btf: ['errors', 'abi'],
  insn: ['errors', 'abi', 'btf'],
  syscall: ['errors', 'abi'],
};
/** Rooms that run in a browser. */
const pure = ['errors', 'abi', 'elf', 'btf', 'insn', 'object', 'gen'];

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

interface SourceModule {
  /** Path below src/, e.g. `elf/header.ts`. */
  readonly path: string;
  readonly room: string;
  readonly imports: readonly Import[];
  readonly identifiers: ReadonlySet<string>;
}

const src = join(repository, 'src');
const modules = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map(parse);

function parse(path: string): SourceModule {
  const source = ts.createSourceFile(
    path,
    readFileSync(join(src, path), 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const imports: Import[] = [];
  const identifiers = new Set<string>();
  const add = (node: ts.Node, literal: ts.Node | undefined, typeOnly: boolean) => {
    if (!literal || !ts.isStringLiteralLike(literal)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    imports.push({ from: path, specifier: literal.text, typeOnly, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, importsTypesOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node, node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    else if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'require'
    )
      add(node, node.arguments[0], false);
    else if (ts.isIdentifier(node)) identifiers.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const [room = '', rest] = path.split('/');
  return { path, room: rest === undefined ? '' : room, imports, identifiers };
}

function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const names = clause.namedBindings;
  return (
    !clause.name &&
    !!names &&
    ts.isNamedImports(names) &&
    names.elements.length > 0 &&
    names.elements.every(e => e.isTypeOnly)
  );
}

/** The file below src/ that a relative specifier names. */
function target({ from, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return relative(src, join(src, dirname(from), specifier)).replace(/\.js$/, '.ts');
}

const at = (i: Import) => `src/${i.from}:${i.line} imports ${i.specifier}`;
const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');
const allImports = modules.flatMap(m => m.imports);

t.test('the parser of this test sees the imports there are', async t => {
  t.ok(modules.length > 30, `${modules.length} files`);
  t.ok(allImports.length > modules.length, `${allImports.length} imports`);
  t.same(
    [...new Set(modules.map(m => m.room))].filter(room => room !== '' && !order.includes(room)),
    [],
  );
  for (const i of allImports) {
    const path = target(i);
    if (path !== undefined)
      t.ok(
        modules.some(m => m.path === path),
        `${at(i)}: there is such a file`,
      );
  }
});

t.test('rooms import only what is below them', async t => {
  const wrong = allImports.filter(i => {
    const path = target(i);
    const from = roomOf(i.from);
    if (path === undefined || from === '' || roomOf(path) === from) return false;
    const to = roomOf(path);
    if (to === '') return from !== 'cli';
    const may = narrower[from] ?? order.slice(0, order.indexOf(from));
    return !may.includes(to);
  });
  t.same(wrong.map(at), []);
});

t.test('a room is entered by its index', async t => {
  const wrong = allImports.filter(i => {
    const path = target(i);
    return path !== undefined && roomOf(path) !== roomOf(i.from) && !/^([a-z]+\/)?index\.ts$/.test(path);
  });
  t.same(wrong.map(at), []);
});

t.test('no two files need each other', async t => {
  const graph = new Map(
    modules.map(m => [m.path, m.imports.filter(i => !i.typeOnly).flatMap(i => target(i) ?? [])]),
  );
  t.same(cycles(graph), []);
});

t.test('no two rooms need each other, not even for a type', async t => {
  const graph = new Map<string, string[]>();
  for (const i of allImports) {
    const path = target(i);
    if (path === undefined || roomOf(path) === roomOf(i.from)) continue;
    graph.set(roomOf(i.from), [...(graph.get(roomOf(i.from)) ?? []), roomOf(path)]);
  }
  t.same(cycles(graph), []);
});

t.test('koffi is imported in one file, of src/syscall', async t => {
  const users = new Set(allImports.filter(i => i.specifier === 'koffi').map(i => i.from));
  t.equal(users.size, 1, [...users].join(', '));
  t.ok([...users].every(path => roomOf(path) === 'syscall'));
});

t.test('elfy is imported in at most one file, of src/elf', async t => {
  const users = new Set(allImports.filter(i => i.specifier === 'elfy').map(i => i.from));
  t.ok(users.size <= 1, [...users].join(', '));
  t.ok([...users].every(path => roomOf(path) === 'elf'));
});

t.test('the pure rooms know neither Node nor Buffer', async t => {
  const wrong = allImports.filter(
    i =>
      pure.includes(roomOf(i.from)) &&
      (i.specifier.startsWith('node:') || builtinModules.includes(i.specifier)),
  );
  t.same(wrong.map(at), []);
  // elfy wants a Buffer, so the one file that wraps elfy may make one.
  const users = modules.filter(m => pure.includes(m.room) && !m.imports.some(i => i.specifier === 'elfy'));
  for (const name of ['Buffer', 'process', 'koffi', 'require'])
    t.same(
      users.filter(m => m.identifiers.has(name)).map(m => m.path),
      [],
      `${name} in a pure room`,
    );
});

t.test('packages are imported only where package.json declares them', async t => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
    readFileSync(join(repository, 'package.json'), 'utf8'),
  );
  const installed = Object.keys({ ...dependencies, ...optionalDependencies });
  // The command is a bundle (scripts/bundle.ts), with what it imports in it.
  const bundled = [...installed, ...Object.keys(devDependencies)];
  const wrong = allImports.filter(
    i =>
      !i.specifier.startsWith('.') &&
      !i.specifier.startsWith('node:') &&
      !(roomOf(i.from) === 'cli' ? bundled : installed).some(
        name => i.specifier === name || i.specifier.startsWith(`${name}/`),
      ),
  );
  t.same(wrong.map(at), []);
});

/** The cycles of a graph, each once, as `a → b → a`. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) found.push([...path.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) walk(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) walk(node);
  return found;
}

t.test('a cycle is found', async t => {
  t.same(
    cycles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ),
    ['a → b → c → a'],
  );
  t.same(
    cycles(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['c']],
      ]),
    ),
    [],
  );
});
