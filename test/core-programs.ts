import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { BpfCmd, BpfCoreReloKind } from '../src/abi/index.js';
import { parseElf } from '../src/elf/index.js';
import { BpfObject, type Program, VerifierError } from '../src/programs/index.js';
import { bpfInOut, liveSys } from '../src/syscall/index.js';
import { fixture } from './repository.js';

/** Programs that ask for what no kernel has, and what is said of them. */
const refused: Readonly<Record<string, RegExp>> = {
  poisoned:
    /it reaches struct task_struct\.no_such_member: struct task_struct of the kernel has no member no_such_member/,
  misspelt:
    /struct task_struct of the kernel has no member pidd; it has (\w+, )*pid\b.*, at test-core-refused\.bpf\.c:\d+: /,
  resized_signed: /it reaches struct __sk_buff___signed\.len: the kernel has it in another size/,
};

/** Runs every program of test-core.bpf.c on this kernel: each returns 0, or the line that failed. */
export function runCorePrograms(t: Test): void {
  const file = fixture('test-core');
  using obj = BpfObject.open(file).load();
  for (const [name, program] of Object.entries(obj.programs))
    if (name !== 'type_matches') t.equal(returned(program), 0, `${name} returns 0`);
  t.not(returned(obj.program('type_matches')), 0, 'type_matches, compiled as type_exists, does not');
  t.ok(Object.keys(obj.programs).length >= 10);

  using matches = BpfObject.open(withTypeMatches(readFileSync(file)), { file }).load({
    programs: ['type_matches'],
  });
  t.equal(returned(matches.program('type_matches')), 0, 'type_matches returns 0');

  for (const [name, message] of Object.entries(refused))
    t.throws(
      () => BpfObject.open(fixture('test-core-refused')).load({ programs: [name] }),
      { name: VerifierError.name, message },
      name,
    );
}

/** The return value of a program that is run once: a packet of 64 bytes for those that take one. */
function returned({ fd, spec }: Program): number {
  const input = spec.section === 'tc' ? { data_in: new Uint8Array(64), data_size_in: 64 } : {};
  const { result, attr } = bpfInOut(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, { prog_fd: fd, ...input });
  return result < 0 ? result : Number(attr['retval']);
}

/** Changes the relocations of program `type_matches` from type_exists, which it was compiled with, to type_matches. */
export function withTypeMatches(object: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(object);
  const section = parseElf(bytes).section('.BTF.ext');
  const { spec } = BpfObject.open(bytes);
  const program = spec.programs.find(p => p.name === 'type_matches');
  if (!section || !program) throw new Error('no .BTF.ext, or no program type_matches');
  const { BPF_CORE_TYPE_EXISTS, BPF_CORE_TYPE_MATCHES } = BpfCoreReloKind;
  // A record is insn_off, type_id, access_str_off, kind; its first two words find it.
  const wanted = program.coreRelocations.filter(r => r.kind === BPF_CORE_TYPE_EXISTS);
  const view = new DataView(bytes.buffer, section.data.byteOffset, section.data.length);
  let changed = 0;
  for (let at = 0; at + 16 <= view.byteLength; at += 4)
    if (
      view.getUint32(at + 12, true) === BPF_CORE_TYPE_EXISTS &&
      wanted.some(r => view.getUint32(at, true) === r.insnOffset && view.getUint32(at + 4, true) === r.typeId)
    ) {
      view.setUint32(at + 12, BPF_CORE_TYPE_MATCHES, true);
      changed++;
    }
  if (changed !== wanted.length) throw new Error(`${changed} of ${wanted.length} relocations found`);
  return bytes;
}
