/**
 * `npm run build` ends here: makes `dist/bin/rawbpf.cjs`, the command, of `dist/src/cli/`. Node spends most of a short command on finding and reading
 * modules: hundreds of them when they are loaded as tsc writes them, a handful of chunks here, and fewer parts of each room, as what no command uses is left
 * out. CommonJS because node starts it faster than ES modules. Names of functions and classes stay as they are, for the stacks of defects.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputAsset, type OutputChunk, type OutputOptions, type Plugin, rolldown } from 'rolldown';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const target = 'dist/bin';

/** commander needs it for commands that are programs of their own, which we have none of; it brings node's network modules with it. */
const lazyChildProcess: Plugin = {
  name: 'lazy-child-process',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('/node_modules/commander/') ? lazy : null,
  load: id =>
    id === lazy ? `exports.spawn = (...args) => require('node:child_process').spawn(...args);` : null,
};
const lazy = '\0lazy-child-process';

await using bundle = await rolldown({
  input: join(repository, 'dist/src/cli/main.js'),
  platform: 'node',
  // Has a binary per system; it is loaded when a call is made.
  external: ['koffi'],
  plugins: [lazyChildProcess],
  preserveEntrySignatures: false,
});
const options: OutputOptions = {
  dir: join(repository, target),
  format: 'cjs',
  entryFileNames: 'rawbpf.cjs',
  banner: chunk => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
  chunkFileNames: '[name]-[hash].cjs',
  minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
};
const apart = await bundle.generate(options);
const offline = modulesOf('inspect', apart.output);
const live = modulesOf('prog/show', apart.output);
/** By themselves, chunks are of modules that the same commands need: dozens for each command. What reads files, and what calls the kernel, go together. */
const groups = [
  { name: 'common', test: (id: string) => offline.has(id) && live.has(id) },
  { name: 'offline', test: (id: string) => offline.has(id) },
  { name: 'live', test: (id: string) => live.has(id) },
].map(group => ({ ...group, includeDependenciesRecursively: false }));
const { output } = await bundle.write({ ...options, cleanDir: true, codeSplitting: { groups } });
const chunks = output.filter(each => each.type === 'chunk');
writeFileSync(join(repository, target, 'LICENSES.txt'), licenses(chunks.flatMap(chunk => chunk.moduleIds)));
const size = chunks.reduce((sum, chunk) => sum + chunk.code.length, 0);
console.log(`${target}: ${chunks.length} files, ${Math.round(size / 1000)} kB`);

/** The modules that are loaded for a command, beyond those that are loaded for all. */
function modulesOf(command: string, output: readonly (OutputChunk | OutputAsset)[]): ReadonlySet<string> {
  const chunks = output.filter(each => each.type === 'chunk');
  const modules = new Set<string>();
  const seen = new Set<OutputChunk>();
  const add = (chunk: OutputChunk | undefined): void => {
    if (!chunk || chunk.isEntry || seen.has(chunk)) return;
    seen.add(chunk);
    for (const id of chunk.moduleIds) modules.add(id);
    for (const name of chunk.imports) add(chunks.find(each => each.fileName === name));
  };
  const own = chunks.find(chunk => chunk.facadeModuleId?.endsWith(`/commands/${command}.js`));
  if (!own) throw new Error(`no command is in commands/${command}.js`);
  add(own);
  return modules;
}

/** The licences of the packages that are in the bundle. */
function licenses(modules: readonly string[]): string {
  const folders = new Set(modules.flatMap(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []));
  return [...folders]
    .sort()
    .map(folder => {
      const { name, version, license, author } = JSON.parse(
        readFileSync(join(folder, 'package.json'), 'utf8'),
      );
      const file = readdirSync(folder).find(file => /^licen[cs]e/i.test(file));
      const by = typeof author === 'object' ? author.name : author;
      const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `${license}, ${by}`;
      return `${name} ${version}\n\n${text}\n`;
    })
    .join('\n----\n\n');
}
