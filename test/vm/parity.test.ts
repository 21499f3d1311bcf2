import { release } from 'node:os';
import t from 'tap';
import { comparePackage } from '../parity.js';

// libbpf reads the kernel's BTF anew for every program, and the guest is emulated.
t.setTimeout(900_000);

// The host has downloaded and compiled what this compares, by test/parity.test.ts.
t.test(`Linux ${release()}: the objects of libbpf-tools load as libbpf loads them`, async t => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 6) return void t.plan(0, 'most of these tools need a newer kernel');
  if (major > 6 || (major === 6 && minor > 1 && minor !== 12))
    return void t.plan(0, 'compared in the guests with 6.1 and 6.12');
  const { libbpf, rawbpf, sameTag } = comparePackage(t, 'libbpf-tools');
  t.comment(
    `Linux ${release()}: programs loaded by libbpf ${libbpf}, by rawbpf ${rawbpf}, same tag ${sameTag}`,
  );
  t.equal(rawbpf, libbpf);
  t.equal(sameTag, libbpf);
});
