import t from 'tap';
import { needs } from './live.js';
import { comparePackage } from './parity.js';
import { packages } from './third-party.js';

// libbpf reads the kernel's BTF anew for every program.
t.setTimeout(600_000);

for (const name of packages)
  t.test(`the objects of Debian's ${name} load as libbpf loads them`, { timeout: 300_000 }, async t => {
    if (!needs(t, { bpf: true, tools: ['gcc', 'apt-get', 'dpkg-deb'], headers: ['bpf/libbpf.h'] })) return;
    const { libbpf, rawbpf, sameTag } = comparePackage(t, name);
    t.comment(`${name}: programs loaded by libbpf ${libbpf}, by rawbpf ${rawbpf}, same tag ${sameTag}`);
    t.equal(rawbpf, libbpf);
    t.equal(sameTag, libbpf);
  });
