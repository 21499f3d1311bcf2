import { hostEndian } from '../../abi/index.js';
import type { BtfTypes } from '../../btf/index.js';
import type { PlanStep } from '../../object/index.js';
import type { SourceLine } from './verifier-lines.js';

/** The line of C that a slot of a program comes from. */
export type SourceAt = (index: number) => SourceLine | undefined;

/** Reads the line info that a program is loaded with (`struct bpf_line_info` in include/uapi/linux/bpf.h); its strings are those of the BTF. */
export function sourceOf(step: PlanStep, btf: BtfTypes | undefined): SourceAt {
  const { line_info: info, line_info_rec_size: size } = step.attr;
  if (!btf || !(info instanceof Uint8Array) || typeof size !== 'number') return () => undefined;
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const u32 = (record: number, field: number): number =>
    view.getUint32(record * size + field * 4, hostEndian === 'little');
  const count = Math.floor(info.length / size);
  return index => {
    let record = -1;
    while (record + 1 < count && u32(record + 1, 0) <= index) record++;
    if (record < 0) return undefined;
    const line = u32(record, 3) >>> 10;
    const text = btf.string(u32(record, 2)).trim();
    return line === 0 || text === '' ? undefined : { text, file: btf.string(u32(record, 1)), line };
  };
}

/** `one.c:7: *v = 2;`. A macro's line can be very long: of more than `length` characters the middle is left out. */
export function formatSource({ text, file, line }: SourceLine, length = Number.POSITIVE_INFINITY): string {
  const part = Math.floor(length / 2);
  const code = text.length <= length ? text : `${text.slice(0, part)}…${text.slice(1 - part)}`;
  return file === undefined ? code : `${file.split('/').at(-1)}:${line}: ${code}`;
}
