import t from 'tap';
import { BpfObject } from '../src/index.js';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('rawbpf prog dump prints what bpftool does', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using obj = BpfObject.open(fixture('test-subprog')).load({ programs: ['direct'] });
  const program = obj.program('direct');
  const id = String(program.info().id);
  const { status, stdout } = rawbpf('prog', 'dump', 'xlated', id, 'linum');
  t.equal(status, 0);
  t.same(
    stdout
      .trimEnd()
      .split('\n')
      .map(line => line.trimEnd()),
    run('bpftool', 'prog', 'dump', 'xlated', 'id', id, 'linum')
      .trimEnd()
      .split('\n')
      .map(line => line.trimEnd()),
  );
  t.match(rawbpf('prog', 'dump', 'xlated', '4294967295'), { status: 1, stderr: /ENOENT/ });
  t.match(rawbpf('prog', 'dump', 'source', id), { status: 2 });
});
