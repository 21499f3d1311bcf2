import { readUsdtNotes, segmentAt, type UsdtNote, type UserElf } from '../../../elf/index.js';
import { FormatError } from '../../../errors/index.js';
import { nearestNames } from '../../../kernel/index.js';
import { parseUsdtArgs, type UsdtArch, type UsdtArg } from './usdt-args.js';
import { UserBinaryError } from './user-binary-error.js';

/** One of the places where a static probe is in the code: the compiler may have copied it. */
export interface UsdtPlace {
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Of the instruction, as the file was linked. */
  readonly address: number;
  /** Of the semaphore in the file; 0 when it has none. */
  readonly refCtrOffset: number;
  /** The words that the arguments were read from: places with the same words share a specification. */
  readonly text: string;
  readonly args: readonly UsdtArg[];
}

const archs: Readonly<Record<number, UsdtArch>> = { 62: 'x64', 183: 'arm64' };

/** Arguments that a specification has room for (BPF_USDT_MAX_ARG_CNT of libbpf's usdt.bpf.h). */
const MAX_ARGS = 12;

/**
 * The places of a static probe. With `fastNop` those that are a nop and one of 5 bytes behind it are taken to be at the second, which Linux 6.18 and newer make a call
 * instead of a trap (arch/x86/kernel/uprobes.c). Throws UserBinaryError when the file has none of this name, FormatError when a note is damaged or its arguments are not
 * known.
 */
export function findUsdt(elf: UserElf, provider: string, name: string, fastNop = false): UsdtPlace[] {
  const arch = archs[elf.machine];
  if (!arch || elf.bits !== 64)
    throw new UserBinaryError(
      elf.file,
      'the arguments of static probes are known for 64-bit x86 and arm only',
    );
  const notes = readUsdtNotes(elf);
  const found = notes.filter(note => note.provider === provider && note.name === name);
  if (found.length === 0) throw new UserBinaryError(elf.file, missing(notes, `${provider}:${name}`));
  return found.map(note => {
    const at = place(elf, note, arch);
    const behind = fastNop && arch === 'x64' && isNopPair(elf, at.offset) ? 1 : 0;
    return { ...at, offset: at.offset + behind, address: at.address + behind };
  });
}

/** A nop of one byte and one of five, as newer headers make them: the first for kernels that know no better. */
const nopPair = [0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00];

function isNopPair(elf: UserElf, offset: number): boolean {
  const bytes = elf.readAt(offset, nopPair.length);
  return nopPair.every((byte, i) => bytes[i] === byte);
}

function place(elf: UserElf, note: UsdtNote, arch: UsdtArch): UsdtPlace {
  const where = { file: elf.file, field: `${note.provider}:${note.name}` };
  const args = parseUsdtArgs(note.args, arch, where);
  if (args.length > MAX_ARGS)
    throw new FormatError(`${args.length} arguments, of which programs can have ${MAX_ARGS}`, where);
  const offsetOf = (what: string, address: number, executable: boolean): number => {
    const segment = segmentAt(elf, address);
    if (segment?.executable === executable) return address - segment.vaddr + segment.offset;
    const reason = segment
      ? `in memory that is ${executable ? 'not ' : ''}executable`
      : 'in no part of the file';
    throw new FormatError(`its ${what}, 0x${address.toString(16)}, is ${reason}`, {
      section: '.note.stapsdt',
      ...where,
    });
  };
  return {
    offset: offsetOf('address', note.location, true),
    address: note.location,
    refCtrOffset: note.semaphore === 0 ? 0 : offsetOf('semaphore', note.semaphore, false),
    text: note.args,
    args,
  };
}

function missing(notes: readonly UsdtNote[], wanted: string): string {
  const names = [...new Set(notes.map(note => `${note.provider}:${note.name}`))];
  if (names.length === 0)
    return `there is no static probe ${wanted}, nor any other (no section .note.stapsdt)`;
  const near = nearestNames(wanted, names);
  const shown = near.length ? near : names.slice(0, 3);
  return `there is no static probe ${wanted}; there ${shown.length === 1 ? 'is' : 'are'} ${shown.join(', ')}${
    near.length || names.length <= 3 ? '' : ', …'
  }`;
}
