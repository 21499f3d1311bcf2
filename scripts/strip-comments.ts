/**
 * A step of `npm run build`: blanks the comments in the modules of `dist/src`. They are a quarter of the package, and whoever reads documentation has it
 * in the `.d.ts` files. Lines stay where they are, so source maps stay true.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'rolldown/utils';

const folder = fileURLToPath(new URL('../src', import.meta.url));

for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
  // The command is not in the package but as a bundle, which is made of this.
  if (!name.endsWith('.js') || name.startsWith('cli')) continue;
  const path = join(folder, name);
  const source = readFileSync(path, 'utf8');
  const code = withoutComments(source, name);
  if (code !== source) writeFileSync(path, code);
}

function withoutComments(source: string, name: string): string {
  let code = '';
  let at = 0;
  for (const { start, end, value } of parseSync(name, source).comments) {
    if (value.startsWith('# sourceMappingURL=')) continue;
    code += source.slice(at, start).replace(/[ \t]+$/, '') + value.replace(/[^\n]/g, '');
    at = end;
  }
  return code + source.slice(at);
}
