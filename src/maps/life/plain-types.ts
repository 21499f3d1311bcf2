import { hostEndian } from '../../abi/index.js';
import { Btf, type BtfType, encodeBtf } from '../../btf/index.js';

const integers = [
  ['u8', 1, false],
  ['u16', 2, false],
  ['u32', 4, false],
  ['u64', 8, false],
  ['s8', 1, true],
  ['s16', 2, true],
  ['s32', 4, true],
  ['s64', 8, true],
  ['int', 4, true],
  ['bool', 1, false],
] as const;

let btf: Btf | undefined;

/** The types that a map made by hand can name without BTF: `u8` to `u64`, `s8` to `s64`, `int` and `bool`. */
export function plainTypes(): Btf {
  btf ??= Btf.parse(
    encodeBtf(
      integers.map(([name, size, signed]): BtfType => {
        const bool = name === 'bool';
        return {
          kind: 'int',
          id: 0,
          name,
          size,
          bits: bool ? 8 : size * 8,
          offset: 0,
          signed,
          char: false,
          bool,
        };
      }),
      hostEndian,
    ),
    { file: 'plain types' },
  );
  return btf;
}

/** The id of a plain type; undefined for a name that is none. */
export function plainType(name: string): number | undefined {
  return plainTypes().findByName(name, 'int');
}
