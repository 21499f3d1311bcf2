import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BpfObject } from '../src/index.js';
import { needs } from './live.js';
import { usdtSource } from './usdt-source.js';
import { compileUser, startTarget } from './user-target.js';

const source = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";
long small, big, in_memory, constant, last, count, size, beyond, cookie, element;

SEC("usdt") int BPF_USDT(work, const char *address, int second, long third, int fourth) {
  long value = 0;

  small = address ? second : 0;
  big = third;
  in_memory = fourth;
  bpf_usdt_arg(ctx, 4, &constant);
  bpf_usdt_arg(ctx, 5, &last);
  beyond = bpf_usdt_arg(ctx, 6, &value);
  count = bpf_usdt_arg_cnt(ctx);
  size = bpf_usdt_arg_size(ctx, 1);
  cookie = bpf_usdt_cookie(ctx);
  return 0;
}
SEC("usdt") int scaled(struct pt_regs *ctx) {
  bpf_usdt_arg(ctx, 0, &element);
  return 0;
}
`;

t.test('our usdt.bpf.h reads the arguments of static probes', async t => {
  if (!needs(t, { bpf: true, tools: ['clang', 'cc'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-compile-usdt-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'usdt.bpf.c'), source);
  const target = await startTarget(t, compileUser(usdtSource));
  using object = BpfObject.compile(join(folder, 'usdt.bpf.c'), { headers: 'own', cache: folder }).load();
  const probe = { kind: 'usdt', binary: target.path, provider: 'rawbpf', pid: target.pid } as const;
  object.program('work').attachTo({ ...probe, name: 'work', cookie: 77n });
  // A scaled index is a way of x86-64 to address memory.
  object.program('scaled').attachTo({ ...probe, name: 'scaled' });
  await target.ask('7');
  const { small, big, in_memory, constant, last, count, size, beyond, cookie, element } = object.globals;
  t.same(
    { small, big, in_memory, constant, last, count, size, beyond, cookie },
    {
      small: 7n,
      big: -35000000000n,
      in_memory: -993n,
      constant: 71n,
      last: 7n,
      count: 6n,
      size: 4n,
      beyond: -2n,
      cookie: 77n,
    },
  );
  t.equal(element, 40n);
});
