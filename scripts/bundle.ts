/**
 * `npm run build` ends here: makes `dist/bin/rawbpf.cjs`, the command, of `dist/src/cli/`. Node spends most of a short command on finding and reading
 * modules: hundreds of them when they are loaded as tsc writes them, a handful of chunks here, and fewer parts of each room, as what no command uses is left
 * out. CommonJS because node starts it faster than ES modules. Names stay as they are, for the stacks of defects.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const { dependencies, bin } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  bin: { rawbpf: string };
};

/** commander needs it for commands that are programs of their own, which we have none of; it brings node's network modules with it. */
const lazyChildProcess: Plugin = {
  name: 'lazy-child-process',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('/node_modules/commander/') ? lazy : null,
  load: id =>
    id === lazy ? `exports.spawn = (...args) => require('node:child_process').spawn(...args);` : null,
};
const lazy = '\0lazy-child-process';

if (!dependencies['koffi']) throw new Error('koffi is not among the dependencies of package.json');
await using bundle = await rolldown({
  input: join(repository, 'dist/src/cli/main.js'),
  platform: 'node',
  // Has a binary per system; it is loaded when a call is made.
  external: ['koffi'],
  plugins: [lazyChildProcess],
});
const { output } = await bundle.write({
  dir: join(repository, bin.rawbpf, '..'),
  cleanDir: true,
  format: 'cjs',
  entryFileNames: 'rawbpf.cjs',
  chunkFileNames: '[name]-[hash].cjs',
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
});
const size = output.reduce((sum, chunk) => sum + (chunk.type === 'chunk' ? chunk.code.length : 0), 0);
console.log(`${bin.rawbpf}: ${output.length} files, ${Math.round(size / 1000)} kB`);
