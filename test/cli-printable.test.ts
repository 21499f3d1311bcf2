import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { contentsText } from '../src/cli/contents-text.js';
import { printable, printableOn } from '../src/cli/printable.js';
import { table } from '../src/cli/table.js';
import { command, rawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixtureBytes } from './repository.js';
import { onTerminal } from './terminal.js';

/** Sets the title of a terminal. */
const title = '\x1b]0;x\x07';

t.test('control characters are as C writes them; colours and ends of lines reach a terminal', async t => {
  t.equal(printable(`a\tb\r\n${title}\x7f\x9b한글`), 'a\\tb\\r\\n\\x1b]0;x\\x07\\x7f\\x9b한글');
  const on = (isTTY: boolean, text: string) => printableOn({ isTTY } as NodeJS.WriteStream, text);
  t.equal(
    on(true, `\x1b[1mbold\x1b[0m\t${title}\r\n\x1b[2J`),
    '\x1b[1mbold\x1b[0m\t\\x1b]0;x\\x07\\r\n\\x1b[2J',
  );
  t.equal(on(false, title), title);
});

t.test('a key is on one line, whatever is in it', async t => {
  const entries = [{ key: `x\ny${title}`, value: 1n }];
  t.match(contentsText({ map: 'm', entries }), /\n {2}x\\ny\\x1b\]0;x\\x07 +1$/);
});

t.test('columns stand below each other, whatever is in them', async t => {
  const rows = ['가나다', 'é', '\x1b[2mdim\x1b[22m', 'plain'].map(name => [name, 'x', 1]);
  t.same(table(['name', 'is', 'n'], rows).split('\n').slice(1), [
    '  가나다  x   1',
    '  é       x   1',
    '  \x1b[2mdim\x1b[22m     x   1',
    '  plain   x   1',
  ]);
  const many = Array.from({ length: 200_000 }, (_, i) => [i]);
  t.equal(table(['n'], many).split('\n').length, many.length + 1);
});

t.test('names in an object, and paths, do not drive a terminal', async t => {
  if (!needs(t, { linux: true, tools: ['script'] })) return;
  const bytes = Buffer.from(fixtureBytes('minimal'));
  for (let at = bytes.indexOf('handle_tp'); at >= 0; at = bytes.indexOf('handle_tp'))
    bytes.write(`h${title}tp`, at, 'latin1');
  const file = join(t.testdir(), 'forged.bpf.o');
  writeFileSync(file, bytes);
  const { status, stdout } = rawbpf('inspect', file);
  t.equal(status, 0);
  t.ok(stdout.includes(`h${title}tp`), 'as it is for a pipe');
  const shown = onTerminal([], process.execPath, command, 'inspect', file);
  t.notMatch(shown, title);
  t.match(shown, 'h\\x1b]0;x\\x07tp');
  t.match(
    onTerminal([], process.execPath, command, 'inspect', `${file}${title}`),
    'forged.bpf.o\\x1b]0;x\\x07',
  );
});
