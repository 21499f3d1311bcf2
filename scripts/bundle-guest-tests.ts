/**
 * Makes `dist/vm/` for scripts/vm/: the tests that guests run, and the processes that those start, with all that they import in a few files. Under
 * emulation node takes 10 seconds to find and to read the thousand modules of rawbpf and tap, and 2 for these.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('..', import.meta.url));
const started = readdirSync(join(dist, 'test')).filter(name => /-(child|in-netns)\.js$/.test(name));
const entries = ['vm/main.js', 'vm/seeds.js', ...started];

await using bundle = await rolldown({
  input: Object.fromEntries(entries.map(name => [basename(name, '.js'), join(dist, 'test', name)])),
  platform: 'node',
  // Finds its binary by where it is itself.
  external: ['koffi'],
  // Tests are there for what importing them does.
  treeshake: false,
});
await bundle.write({ dir: join(dist, 'vm'), format: 'esm', cleanDir: true, sourcemap: true });
