import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType, BpfCmd, BpfFlags, BpfMapType, BpfProgType, hostEndian } from '../src/abi/index.js';
import * as insn from '../src/insn/index.js';
import { Kernel } from '../src/kernel/index.js';
import { type LinkedInsns, newestKernel, type PlanStep, parseObject, planLoad } from '../src/object/index.js';
import { liveSys } from '../src/syscall/index.js';
import { needs, run } from './live.js';
import { fixture, fixtureBytes, repository } from './repository.js';

const fixtures = readdirSync(join(repository, 'fixtures'))
  // libbpf before 1.3 loads programs of USDT for one place each, and not, as rawbpf and later ones, for one link to all.
  .filter(name => name.endsWith('.bpf.o') && !/^(test-(core-refused|module)|pythongc)\./.test(name))
  // bpftool does not load programs of SEC("?…"); section-names-load.test.ts compares those of the links.
  .filter(name =>
    parseObject(fixtureBytes(basename(name, '.bpf.o')), { file: name }).programs.every(p => p.autoload),
  )
  .map(name => basename(name, '.bpf.o'));

const constants: Readonly<Record<string, number>> = {
  ...BpfMapType,
  ...BpfProgType,
  ...BpfAttachType,
  ...Object.fromEntries(Object.entries(BpfFlags).map(([name, value]) => [name, Number(value)])),
  ...Object.fromEntries(Object.entries(insn).filter(([, value]) => typeof value === 'number')),
  BPF_F_SLEEPABLE: 16,
  BPF_XADD: insn.BPF_ATOMIC,
};

/** A number as strace prints it: decimal, hexadecimal, `A|B`, KERNEL_VERSION(a, b, c), BPF_REG_1. */
function number(text: string): number {
  const version = /^KERNEL_VERSION\((\d+), (\d+), (\d+)\)$/.exec(text);
  if (version) return (Number(version[1]) << 16) | (Number(version[2]) << 8) | Number(version[3]);
  const register = /^BPF_REG_(\d+)$/.exec(text);
  if (register) return Number(register[1]);
  return text
    .replace(/ \/\*.*?\*\//g, '')
    .split('|')
    .reduce((sum, part) => {
      const value = constants[part] ?? Number(part);
      if (Number.isNaN(value)) throw new Error(`strace printed ${part}, which this test does not know`);
      return sum | value;
    }, 0);
}

/** A string as strace prints it. */
function bytes(text: string): Buffer {
  const named: Record<string, number> = { n: 10, t: 9, r: 13, v: 11, f: 12, '"': 34, '\\': 92 };
  const out: number[] = [];
  for (const [, octal, letter, plain] of text.matchAll(/\\([0-7]{1,3})|\\(.)|([^\\])/gs))
    out.push(octal ? Number.parseInt(octal, 8) : letter ? (named[letter] ?? 0) : (plain ?? '').charCodeAt(0));
  return Buffer.from(out);
}

/** The value of a field in a line of strace. */
function field(line: string, name: string): string {
  const found = new RegExp(`[{ ]${name}=("(?:[^"\\\\]|\\\\.)*"|KERNEL_VERSION\\([^)]*\\)|[^,}]*)`, 's').exec(
    line,
  )?.[1];
  if (found === undefined) throw new Error(`strace printed no ${name}: ${line.slice(0, 200)}`);
  return found.startsWith('"') ? found.slice(1, -1) : found;
}

/** The bpf() calls of libbpf's own loader, in bpftool, for an object. */
function traceOfLibbpf(t: Test, object: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-plan-'));
  const bpffs = join(folder, 'bpffs');
  mkdirSync(bpffs);
  run('mount', '-t', 'bpf', 'bpf', bpffs);
  t.teardown(() => {
    run('umount', bpffs);
    rmSync(folder, { recursive: true });
  });
  const out = join(folder, 'trace');
  const load = ['bpftool', 'prog', 'loadall', object, join(bpffs, 'pins')];
  run('strace', '-v', '-s', '1000000', '-e', 'trace=bpf', '-o', out, ...load);
  return readFileSync(out, 'latin1').split('\n');
}

const running = (): string => readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
const possibleCpus = (): number =>
  Number(readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split('-').at(-1)) + 1;

function stepsOf(name: string, cmd: number): PlanStep[] {
  const spec = parseObject(fixtureBytes(name), { file: fixture(name) });
  const { btf } = Kernel.running(liveSys());
  const kernel = newestKernel({ release: running(), possibleCpus: possibleCpus(), ...(btf ? { btf } : {}) });
  return planLoad(spec, kernel).steps.filter(step => step.cmd === cmd);
}

/** Which fd stands for which of our names; one to one if the two loaders mean the same. */
class FdNames {
  readonly #names = new Map<number, string>();

  check(t: Test, fd: number, name: string): void {
    if (!this.#names.has(fd)) t.notOk([...this.#names.values()].includes(name), `${name} has one fd`);
    this.#names.set(fd, this.#names.get(fd) ?? name);
    t.equal(this.#names.get(fd), name);
  }
}

function sameInsns(t: Test, line: string, linked: LinkedInsns, fds: FdNames): void {
  const text = /insns=\[(.*?)\], license=/s.exec(line)?.[1] ?? '';
  const theirs = text.split('}, {').map(one => `{${one.replace(/^\{|\}$/g, '')}}`);
  const refs = new Map(linked.fixups.map(({ index, ref }) => [index, ref.fd]));
  const ours = Array.from({ length: insn.insnCount(linked.bytes) }, (_, slot) =>
    insn.decodeInsn(linked.bytes, slot, hostEndian),
  );
  t.equal(theirs.length, ours.length, 'as many instructions');
  const decoded = theirs.map((one, slot) => {
    const imm = number(field(one, 'imm'));
    const name = refs.get(slot);
    if (name !== undefined) fds.check(t, imm, name);
    return {
      // strace names the size of a second slot, whose code is 0.
      code: number(field(one, 'code')),
      dst: number(field(one, 'dst_reg')),
      src: number(field(one, 'src_reg')),
      off: number(field(one, 'off')),
      imm: name === undefined ? imm : 0,
    };
  });
  t.same(decoded, ours);
}

const tools = { bpf: true, tools: ['bpftool', 'strace', 'mount'] };

for (const name of fixtures)
  t.test(`${name}: the plan asks what libbpf asks`, async t => {
    if (!needs(t, tools)) return;
    const trace = traceOfLibbpf(t, fixture(name));
    const fds = new FdNames();

    const [btf] = stepsOf(name, BpfCmd.BPF_BTF_LOAD);
    const blobs = trace.filter(line => line.includes('(BPF_BTF_LOAD')).map(line => bytes(field(line, 'btf')));
    t.ok(
      blobs.some(blob => blob.equals(Buffer.from(btf?.attr['btf'] as Uint8Array))),
      'the same BTF, byte for byte',
    );

    const maps = stepsOf(name, BpfCmd.BPF_MAP_CREATE);
    const names = new Set(maps.map(step => step.attr['map_name']));
    const created = trace.filter(
      line => line.includes('(BPF_MAP_CREATE') && names.has(field(line, 'map_name')),
    );
    t.same(
      created.map(line => field(line, 'map_name')),
      maps.map(step => step.attr['map_name']),
      'the same maps, in the same order',
    );
    for (const [index, step] of maps.entries())
      for (const key of [
        'map_type',
        'key_size',
        'value_size',
        'max_entries',
        'btf_key_type_id',
        'btf_value_type_id',
      ])
        t.equal(step.attr[key] ?? 0, number(field(created[index] ?? '', key)), `${step.what}: ${key}`);

    for (const [index, step] of maps.entries()) {
      const ours = Number(step.attr['map_flags']);
      // Before 1.2, libbpf made data maps mappable even if they hold nothing that user space can name.
      const optional = ours & BpfFlags.BPF_F_MMAPABLE ? 0 : BpfFlags.BPF_F_MMAPABLE;
      t.equal(ours, number(field(created[index] ?? '', 'map_flags')) & ~optional, `${step.what}: map_flags`);
    }

    const programs = stepsOf(name, BpfCmd.BPF_PROG_LOAD);
    const loaded = trace.filter(
      line => line.includes('(BPF_PROG_LOAD') && !/^$|^libbpf_/.test(field(line, 'prog_name')),
    );
    t.same(
      loaded.map(line => field(line, 'prog_name')),
      programs.map(step => step.attr['prog_name']),
      'the same programs, in the same order',
    );
    for (const [index, step] of programs.entries()) {
      const line = loaded[index] ?? '';
      for (const key of [
        'prog_type',
        'insn_cnt',
        'kern_version',
        'prog_flags',
        'expected_attach_type',
        'func_info_rec_size',
        'func_info_cnt',
        'line_info_rec_size',
        'line_info_cnt',
        'attach_btf_id',
      ])
        t.equal(step.attr[key] ?? 0, number(field(line, key)), `${step.what}: ${key}`);
      t.equal(step.attr['license'], field(line, 'license'));
      sameInsns(t, line, step.attr['insns'] as LinkedInsns, fds);
    }

    const frozen = trace.filter(line => line.includes('(BPF_MAP_FREEZE'));
    t.equal(stepsOf(name, BpfCmd.BPF_MAP_FREEZE).length, frozen.length, 'the same maps are frozen');
  });
