import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { hostEndian } from '../src/abi/index.js';
import * as i from '../src/insn/index.js';
import { ownBpffs } from './bpffs.js';
import { needs, run, which } from './live.js';
import { fixture } from './repository.js';

/** Runs bpftool and returns both its streams; throws when it fails. */
function bpftool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(which('bpftool')!, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`bpftool ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout + stderr;
}

/** `index: (code) text` lines, as the verifier log and `dump xlated` have them. */
function linesOf(dump: string): Map<number, string> {
  return new Map(
    [...dump.matchAll(/^\s*(?:\S+: )?(\d+): \([0-9a-f]{2}\) ([^;\n]*)/gm)].map(m => [
      Number(m[1]),
      m[2]!.trim(),
    ]),
  );
}

t.test('loaded fixtures disassemble as bpftool prints them', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-xlated-'));
  const pins = join(ownBpffs(t), 'pins');
  t.teardown(() => rmSync(folder, { recursive: true }));
  const fixtures = [
    'minimal',
    'hello-map',
    'hello-buffer',
    'hello-ring',
    'hello-tail',
    'opensnoop',
    'test-types',
    'test-subprog',
  ];
  let compared = 0;
  for (const name of fixtures) {
    bpftool('prog', 'loadall', fixture(name), pins);
    try {
      for (const program of run('ls', pins).trim().split('\n')) {
        const pinned = ['prog', 'dump', 'xlated', 'pinned', join(pins, program)];
        const file = join(folder, 'insns');
        bpftool(...pinned, 'file', file);
        const theirs = linesOf(bpftool(...pinned));
        const ours = i.disassemble(readFileSync(file), hostEndian);
        t.same(
          ours.map(line => line.index),
          [...theirs.keys()],
          `${name}/${program}: instruction boundaries`,
        );
        const differing = ours.filter(
          line => comparable(line.text) !== comparable(theirs.get(line.index) ?? ''),
        );
        t.same(
          differing.map(line => [line.text, theirs.get(line.index)]),
          [],
          `${name}/${program}: text`,
        );
        compared += ours.length;
      }
    } finally {
      rmSync(pins, { recursive: true });
    }
  }
  t.ok(compared > 500, `${compared} instructions`);
});

/** In loaded code a map is an id, and calls are addresses that bpftool finds names for: both are known to bpftool only. */
function comparable(text: string): string {
  return text
    .replace(/^(r\d+ = map\[)(?:fd|id):/, '$1')
    .replace(/^(r\d+ = subprog\[[+-]\d+\]).*/, '$1')
    .replace(/^(call pc[+-]\d+)#.*/, '$1')
    .replace(/^call (?!pc)\S+#/, 'call #');
}

t.test('every instruction of this kernel is written as its verifier log writes it', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool', 'clang'] })) return;
  const bytes = i.assemble(everyInsn(kernelVersion()), hostEndian);
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-insns-'));
  const pin = join(ownBpffs(t), 'program');
  t.teardown(() => rmSync(folder, { recursive: true }));

  const view = new DataView(bytes.buffer);
  const words = Array.from(
    { length: bytes.length / 8 },
    (_, k) => `.8byte 0x${view.getBigUint64(8 * k, hostEndian === 'little').toString(16)}`,
  );
  const [source, object] = [join(folder, 'all.c'), join(folder, 'all.o')];
  writeFileSync(
    source,
    `__attribute__((section("raw_tp"), naked)) int all(void) { asm volatile("${words.join('\\n')}"); }\n` +
      'char LICENSE[] __attribute__((section("license"), used)) = "GPL";\n',
  );
  run('clang', '-g', '-O2', '-target', 'bpf', '-c', source, '-o', object);

  const log = linesOf(bpftool('--debug', 'prog', 'load', object, pin));
  rmSync(pin);
  const ours = i.disassemble(bytes, hostEndian);
  t.same(
    ours.map(line => `${line.index}: ${line.text}`),
    ours.map(line => `${line.index}: ${log.get(line.index)}`),
  );
  t.ok(ours.length > 100, `${ours.length} instructions`);
});

function kernelVersion(): number {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major * 1000 + minor;
}

/** A program that the verifier takes, with every operation that a kernel of this version (6.15 is 6015) has. */
function everyInsn(version: number): (i.Insn | i.Insn[])[] {
  const program: (i.Insn | i.Insn[])[] = [];
  const raw = (code: number, dst = 0, src = 0, off = 0, imm = 0): void =>
    void program.push({ code, dst, src, off, imm });
  const classes = [i.BPF_ALU, i.BPF_ALU64];
  const sizes = [i.BPF_B, i.BPF_H, i.BPF_W, i.BPF_DW];
  program.push(
    i.mov(6, { reg: 1 }),
    i.mov(1, 7),
    i.mov(2, -5),
    i.mov(3, 3),
    i.ldimm64(4, 0x123456789abcdef0n),
  );

  for (const alu of classes) {
    for (const op of [
      i.BPF_ADD,
      i.BPF_SUB,
      i.BPF_MUL,
      i.BPF_DIV,
      i.BPF_OR,
      i.BPF_AND,
      i.BPF_MOD,
      i.BPF_XOR,
      i.BPF_MOV,
    ]) {
      raw(alu | op | i.BPF_K, 1, 0, 0, -9);
      raw(alu | op | i.BPF_X, 4, 3);
    }
    for (const op of [i.BPF_LSH, i.BPF_RSH, i.BPF_ARSH]) {
      raw(alu | op | i.BPF_K, 1, 0, 0, 3);
      raw(alu | op | i.BPF_X, 4, 3);
    }
    raw(alu | i.BPF_NEG, 1);
  }
  for (const bits of [16, 32, 64]) {
    raw(i.BPF_ALU | i.BPF_END | i.BPF_K, 1, 0, 0, bits);
    raw(i.BPF_ALU | i.BPF_END | i.BPF_X, 1, 0, 0, bits);
  }

  program.push(i.st(i.BPF_DW, 10, -8, -1), i.st(i.BPF_DW, 10, -16, 5));
  for (const size of sizes)
    program.push(i.st(size, 10, -8, -77), i.stx(size, 10, -8, 3), i.ldx(size, 1, 10, -8));

  if (version >= 5012)
    for (const size of [i.BPF_W, i.BPF_DW]) {
      const atomic = i.BPF_STX | i.BPF_ATOMIC | size;
      program.push(i.mov(0, 0), i.mov(1, 1));
      for (const op of [i.BPF_ADD, i.BPF_AND, i.BPF_OR, i.BPF_XOR]) {
        raw(atomic, 10, 1, -8, op);
        raw(atomic, 10, 1, -8, op | i.BPF_FETCH);
      }
      raw(atomic, 10, 1, -8, i.BPF_XCHG);
      raw(atomic, 10, 1, -8, i.BPF_CMPXCHG);
    }

  if (version >= 6006) {
    for (const bits of [8, 16, 32]) raw(i.BPF_ALU64 | i.BPF_MOV | i.BPF_X, 1, 4, bits);
    for (const bits of [8, 16]) raw(i.BPF_ALU | i.BPF_MOV | i.BPF_X, 1, 4, bits);
    for (const size of [i.BPF_B, i.BPF_H, i.BPF_W]) raw(i.BPF_LDX | i.BPF_MEMSX | size, 1, 10, -8);
    for (const bits of [16, 32, 64]) raw(i.BPF_ALU64 | i.BPF_END, 1, 0, 0, bits);
    for (const alu of classes)
      for (const op of [i.BPF_DIV, i.BPF_MOD]) {
        raw(alu | op | i.BPF_K, 1, 0, 1, -9);
        raw(alu | op | i.BPF_X, 4, 3, 1);
      }
    raw(i.BPF_JMP32 | i.BPF_JA);
  }
  if (version >= 6009) raw(i.BPF_JMP | i.BPF_JCOND);
  if (version >= 6015)
    for (const size of sizes) {
      raw(i.BPF_STX | i.BPF_ATOMIC | size, 1, 10, -8, i.BPF_LOAD_ACQ);
      raw(i.BPF_STX | i.BPF_ATOMIC | size, 10, 3, -8, i.BPF_STORE_REL);
    }

  const compares = [i.BPF_JEQ, i.BPF_JGT, i.BPF_JGE, i.BPF_JSET, i.BPF_JNE, i.BPF_JSGT, i.BPF_JSGE];
  for (const jump of [i.BPF_JMP, i.BPF_JMP32])
    for (const op of [...compares, i.BPF_JLT, i.BPF_JLE, i.BPF_JSLT, i.BPF_JSLE]) {
      raw(jump | op | i.BPF_K, 3, 0, 0, -2);
      raw(jump | op | i.BPF_X, 3, 2);
    }
  program.push(i.ja(0), i.call(5), i.mov(0, 0), i.exit());
  return program;
}
