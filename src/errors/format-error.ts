import { RawbpfError } from './rawbpf-error.js';

/** Where in the input a {@link FormatError} was found. Offsets are bytes from the start of the file or of the section. */
export interface FormatErrorPlace {
  readonly file?: string;
  readonly section?: string;
  readonly offset?: number;
  /** The field, symbol, type or relocation at fault. */
  readonly field?: string;
}

/**
 * The input (ELF, BTF, instructions, object) is malformed or not what it should be.
 *
 * The message reads `FILE: SECTION+0xOFFSET: FIELD: what is wrong`, then what to do about it where there is something to do.
 */
export class FormatError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_FORMAT';
  readonly file: string | undefined;
  readonly section: string | undefined;
  readonly offset: number | undefined;
  readonly field: string | undefined;
  /** What is wrong, without the place. */
  readonly reason: string;

  constructor(reason: string, place: FormatErrorPlace = {}, options?: ErrorOptions) {
    super(placed(reason, place), options);
    this.reason = reason;
    this.file = place.file;
    this.section = place.section;
    this.offset = place.offset;
    this.field = place.field;
  }

  /** The same error with places filled in that the thrower did not know. */
  at(place: FormatErrorPlace): FormatError {
    const known = definedOnly({
      file: this.file,
      section: this.section,
      offset: this.offset,
      field: this.field,
    });
    return new FormatError(this.reason, { ...place, ...known }, { cause: this.cause });
  }
}

function definedOnly(
  place: { [K in keyof FormatErrorPlace]: FormatErrorPlace[K] | undefined },
): FormatErrorPlace {
  return Object.fromEntries(Object.entries(place).filter(([, v]) => v !== undefined));
}

function placed(reason: string, { file, section, offset, field }: FormatErrorPlace): string {
  const at =
    offset === undefined ? '' : section ? `+0x${offset.toString(16)}` : `offset 0x${offset.toString(16)}`;
  const where = [file, section ? section + at : at, field].filter(Boolean);
  return [...where, reason].join(': ');
}
