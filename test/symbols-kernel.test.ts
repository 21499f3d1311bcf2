import { readFileSync } from 'node:fs';
import t from 'tap';
import { KernelSymbols, KernelSymbolsError, ksym, ksymName } from '../src/index.js';
import { needs, run, which } from './live.js';

const text = [
  '0000000000001000 A per_cpu_place',
  'ffffffff81000000 T _text',
  'ffffffff81000000 T _stext',
  'ffffffff81000100 t do_thing',
  'ffffffff81000200 D some_data',
  'ffffffffc0001000 t ext4_read\t[ext4]',
  'ffffffffc0000800 t bpf_prog_1234_hello\t[bpf]',
  '',
].join('\n');
const symbols = new KernelSymbols(new TextEncoder().encode(text));

t.test('addresses are in the symbol that begins last before them', async t => {
  const at = (address: bigint) => {
    const { name, offset, module } = symbols.find(address);
    return [name, offset, module];
  };
  t.equal(symbols.size, 6);
  t.same(at(0xffffffff81000000n), ['_text', 0n, 'kernel']);
  t.same(at(0xffffffff810000ffn), ['_text', 255n, 'kernel']);
  t.same(at(0xffffffff81000100n), ['do_thing', 0n, 'kernel']);
  t.same(at(0xffffffff81000204n), ['some_data', 4n, 'kernel']);
  t.same(at(0xffffffffc0000801n), ['bpf_prog_1234_hello', 1n, 'bpf']);
  t.same(at(0xffffffffc0001010n), ['ext4_read', 16n, 'ext4']);
  t.same(at(0x7f0000001000n), [undefined, 0n, undefined]);
});

t.test('names have addresses', async t => {
  t.equal(symbols.address('do_thing'), 0xffffffff81000100n);
  t.equal(symbols.address('ext4_read'), 0xffffffffc0001000n);
  t.equal(symbols.address('ext4_read', 'xfs'), undefined);
  t.equal(symbols.address('do_thin'), undefined);
});

t.test('a file that cannot be read, or shows no addresses, is an error that says why', async t => {
  t.throws(() => KernelSymbols.read('/nosuch'), { message: /ENOENT.*CONFIG_KALLSYMS/ });
  const hidden = text.replace(/^[0-9a-f]+/gm, '0000000000000000');
  t.equal(new KernelSymbols(new TextEncoder().encode(hidden)).size, 0);
  t.throws(() => KernelSymbols.read('/dev/null'), KernelSymbolsError);
  t.throws(() => KernelSymbols.read('/dev/null'), { message: /kptr_restrict/ });
});

interface Line {
  readonly address: bigint;
  readonly name: string;
  readonly module: string;
}

function kallsyms(): Line[] {
  return readFileSync('/proc/kallsyms', 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => {
      const [address, , name = '', module = '[kernel]'] = line.split(/\s/);
      return { address: BigInt(`0x${address}`), name, module: module.slice(1, -1) };
    });
}

t.test('every function of this kernel is found by its address and by its name', async t => {
  if (!needs(t, { bpf: true })) return;
  const own = KernelSymbols.read();
  // BPF programs come and go meanwhile.
  const lines = kallsyms().filter(({ module }) => module === 'kernel');
  const names = new Map<bigint, string[]>();
  for (const { address, name } of lines) names.set(address, [...(names.get(address) ?? []), name]);
  const wrong = lines.filter(({ address }) => own.find(address).name !== names.get(address)?.[0]);
  t.same(wrong.slice(0, 5), []);
  const starts = [...names.keys()].sort((a, b) => (a < b ? -1 : 1));
  const inside = starts.filter((start, i) => (starts[i + 1] ?? 0n) > start + 1n);
  t.ok(inside.length > 10_000, `${inside.length} symbols of more than a byte`);
  const missed = inside.filter(start => own.find(start + 1n).name !== names.get(start)?.[0]);
  t.same(missed.slice(0, 5), []);
});

t.test('ksym() as BCC writes it', async t => {
  if (!needs(t, { bpf: true })) return;
  const address = ksymName('vfs_read') ?? 0n;
  t.equal(address, kallsyms().find(({ name }) => name === 'vfs_read')?.address);
  t.equal(ksym(address + 5n), 'vfs_read');
  t.equal(ksym(address + 5n, { offset: true }), 'vfs_read+0x5');
  t.equal(ksym(address + 5n, { offset: true, module: true }), 'vfs_read+0x5 [kernel]');
  t.equal(ksym(5), '[unknown]');
});

const skip = which('bpftrace') ? false : 'needs bpftrace (apt-get install bpftrace)';

t.test('the same names as bpftrace’s ksym()', { skip }, async t => {
  if (!needs(t, { bpf: true })) return;
  const all = kallsyms().filter(({ module }) => module === 'kernel');
  const times = new Map<bigint, number>();
  for (const { address } of all) times.set(address, (times.get(address) ?? 0) + 1);
  // Of several names for one place it takes another.
  const plain = all.filter(({ address, name }) => times.get(address) === 1 && /^[a-z]/.test(name));
  const some = plain.filter((_, i) => i % Math.floor(plain.length / 50) === 0);
  const printed = some.map(({ address }) => `printf("%s\\n", ksym((uint64)${address + 1n}));`);
  const lines = run('bpftrace', '-e', `BEGIN { ${printed.join(' ')} exit(); }`).split('\n');
  t.same(
    lines.slice(1, some.length + 1),
    some.map(({ address }) => ksym(address + 1n)),
  );
});
