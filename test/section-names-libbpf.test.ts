import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { matchSection, sectionRules } from '../src/object/section-names.js';
import { needs } from './live.js';
import { repository } from './repository.js';

t.test('section names mean what libbpf takes them for', async t => {
  if (!needs(t, { tools: ['gcc'], headers: ['bpf/libbpf.h'] })) return;
  const folder = t.testdir();
  const peer = join(folder, 'section-names');
  const source = join(repository, 'test/peers/section-names.c');
  execFileSync('gcc', ['-O1', '-o', peer, source, '-lbpf', '-lelf', '-lz']);
  const names = sectionRules.map(({ pattern }) => pattern.replace(/\+$/, '/target'));
  const lines = execFileSync(peer, names, { encoding: 'utf8' }).trim().split('\n');
  t.equal(lines.length, names.length);
  let known = 0;
  for (const line of lines) {
    const [name = '', type, attachType] = line.split(' ');
    // Newer than this libbpf.
    if (type === undefined) continue;
    known++;
    const rule = matchSection(name)?.rule;
    t.same([rule?.type, rule?.attachType], [Number(type), Number(attachType)], name);
  }
  t.ok(known >= 80, `${known} of ${names.length} names are known to both`);
});
