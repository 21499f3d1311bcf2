import t from 'tap';
import { BpfError, BpfObject, Kernel, liveSys } from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

const XDP_PASS = 2;

t.test('a packet longer than a page runs through xdp.frags in fragments, and comes back whole', async t => {
  if (!needs(t, { bpf: true })) return;
  if (Kernel.running(liveSys()).versionCode < versionCode('5.18')) return void t.plan(0, 'since Linux 5.18');
  using object = BpfObject.open(fixture('test-links-net')).load({ programs: ['on_xdp_frags'] });
  const program = object.program('on_xdp_frags');
  for (const length of [64, 3000, 4096, 9000, 40_000]) {
    const packet = Uint8Array.from({ length }, (_, i) => i * 7);
    const { returnValue, data } = program.testRun({ data: packet, repeat: 3 });
    t.equal(returnValue, XDP_PASS);
    t.ok(Buffer.compare(data, packet) === 0, `${length} bytes, ${data.length} come back`);
  }
  // More fragments than the kernel gives a packet, and than it takes for frames that are sent on.
  t.throws(() => program.testRun({ data: new Uint8Array(1 << 20) }), BpfError);
  t.throws(() => program.testRun({ data: new Uint8Array(9000), liveFrames: true }), BpfError);
});
