/** Run by examples-bcc-tools.test.ts in a network namespace of its own. */
import t from 'tap';
import { attachedExample } from './attached-example.js';
import { sendPackets, vethPair } from './veth.js';

t.test('counts by protocol, of all CPUs', async t => {
  const { receiver } = vethPair();
  const example = await attachedExample(t, 'xdpcount', receiver);
  // 72 bytes, and the headers of Ethernet, IP and UDP.
  await sendPackets(5);
  const five = /^(.*\t)?udp: 5 \(570 bytes\)/m;
  await example.until(({ stdout }) => five.test(stdout));
  t.match(await example.end(), five);
});
