import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../../refusal.js';

/** An instruction of machine code. */
export interface MachineInsn {
  /** Bytes from the function's beginning. */
  readonly pc: number;
  readonly bytes: Uint8Array;
  /** `mov    %rsp,%rbp`, in the words of the machine's own assembler. */
  readonly text: string;
}

/** What binutils call the architectures that JIT compilers exist for. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'i386:x86-64',
  arm64: 'aarch64',
  arm: 'arm',
  ia32: 'i386',
  loong64: 'Loongarch64',
  mips: 'mips',
  mipsel: 'mips',
  ppc64: 'powerpc:common64',
  riscv64: 'riscv:rv64',
  s390x: 's390:64-bit',
};

/** Disassembles machine code by objdump, as bpftool does by the library that objdump is made of; undefined where there is no objdump. Throws Refusal when that fails. */
export function disassembleMachineCode(
  code: Uint8Array,
  address: bigint,
): readonly MachineInsn[] | undefined {
  const architecture = architectures[process.arch];
  if (architecture === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-jited-'));
  try {
    const file = join(folder, 'code');
    writeFileSync(file, code, { mode: 0o600 });
    const endian = endianness() === 'LE' ? '-EL' : '-EB';
    const args = [
      '-D',
      '-b',
      'binary',
      '-m',
      architecture,
      endian,
      '-w',
      `--adjust-vma=0x${address.toString(16)}`,
      file,
    ];
    const { error, status, stdout, stderr } = spawnSync('objdump', args, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, LC_ALL: 'C' },
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    if (error || status !== 0) throw new Refusal(`objdump: ${error?.message ?? stderr.trim()}`);
    return parse(stdout, code, address);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `ffffffffc0022091:\t0f 1f 44 00 00       \tnopl   0x0(%rax,%rax,1)` */
function parse(listing: string, code: Uint8Array, address: bigint): MachineInsn[] {
  const insns: MachineInsn[] = [];
  let pc = 0;
  for (const line of listing.split('\n')) {
    const [, at = '', bytes = '', text = ''] = /^\s*([0-9a-f]+):\t([0-9a-f ]+)\t(.*)$/.exec(line) ?? [];
    if (at === '') continue;
    const length = bytes.replaceAll(' ', '').length / 2;
    if (BigInt(`0x${at}`) !== address + BigInt(pc))
      throw new Refusal(`objdump: the instruction at ${pc} is missing in what it prints`);
    insns.push({ pc, bytes: code.subarray(pc, pc + length), text: text.trimEnd() });
    pc += length;
  }
  return insns;
}
