import { SHT_NOTE } from './constants.js';
import { Fields, type UserElf } from './user-elf.js';

const NT_GNU_BUILD_ID = 3;

/** What the linker names this build by, hexadecimal, as `file` prints it: the same for a program and for its debug file. Undefined where there is none. */
export function readBuildId(elf: UserElf): string | undefined {
  for (const section of elf.sections) {
    if (section.type !== SHT_NOTE) continue;
    const bytes = elf.read(section);
    const fields = new Fields(bytes, elf.endian === 'little', elf.bits);
    for (let at = 0; at + 12 <= bytes.length; ) {
      const [namesz, descsz, type] = [fields.u32(at), fields.u32(at + 4), fields.u32(at + 8)];
      const desc = at + 12 + aligned(namesz);
      if (type === NT_GNU_BUILD_ID && namesz === 4 && isGnu(bytes, at + 12))
        return Array.from(bytes.subarray(desc, desc + descsz), b => b.toString(16).padStart(2, '0')).join('');
      at = desc + aligned(descsz);
    }
  }
  return undefined;
}

/** `GNU` and its NUL. */
function isGnu(bytes: Uint8Array, at: number): boolean {
  return [0x47, 0x4e, 0x55, 0].every((byte, i) => bytes[at + i] === byte);
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}
