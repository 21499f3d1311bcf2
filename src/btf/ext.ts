import { FormatError } from '../errors/index.js';
import type { Btf } from './btf.js';
import type { BtfExt, CoreRelocation, FuncInfo, LineInfo } from './types.js';

/** Decodes `.BTF.ext` (func_info, line_info, CO-RE relocations) against its BTF. Records longer than the known part are read by their stated size. Throws FormatError. */
export function parseBtfExt(bytes: Uint8Array, btf: Btf, file = '(BTF.ext)'): BtfExt {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (reason: string, offset: number, field: string): never => {
    throw new FormatError(reason, { file, section: '.BTF.ext', offset, field });
  };
  if (bytes.length < 24) fail(`${bytes.length} bytes are too few for a header`, 0, 'header');
  const little = view.getUint16(0, true) === 0xeb9f;
  if (!little && view.getUint16(0, false) !== 0xeb9f) fail('the magic number is not 0xeb9f', 0, 'magic');
  const u32 = (offset: number): number => view.getUint32(offset, little);
  const headerLength = u32(4);
  if (headerLength < 24 || headerLength > bytes.length) fail(`header of ${headerLength} bytes`, 4, 'hdr_len');

  function table<T>(
    field: string,
    offsetAt: number,
    least: number,
    one: (at: number) => T,
  ): Map<string, T[]> {
    const sections = new Map<string, T[]>();
    if (offsetAt + 8 > headerLength) return sections;
    const start = headerLength + u32(offsetAt);
    const length = u32(offsetAt + 4);
    if (length === 0) return sections;
    const end = start + length;
    if (start % 4 || end > bytes.length || length < 4)
      return fail('the table reaches past the end', offsetAt, field);
    const record = u32(start);
    if (record < least || record % 4)
      return fail(`records of ${record} bytes, at least ${least} are expected`, start, field);
    let at = start + 4;
    while (at < end) {
      if (at + 8 > end) return fail('a section header reaches past the end', at, field);
      const name = btf.string(u32(at));
      const count = u32(at + 4);
      at += 8;
      if (count > (end - at) / record) return fail(`${count} records reach past the end`, at - 4, field);
      const list = sections.get(name) ?? [];
      for (let i = 0; i < count; i++, at += record) list.push(one(at));
      sections.set(name, list);
    }
    return sections;
  }

  const funcInfo = table<FuncInfo>('func_info', 8, 8, at => ({ insnOffset: u32(at), typeId: u32(at + 4) }));
  const lineInfo = table<LineInfo>('line_info', 16, 16, at => {
    const [fileOff, textOff, lineCol] = [u32(at + 4), u32(at + 8), u32(at + 12)];
    return {
      insnOffset: u32(at),
      file: btf.string(fileOff),
      text: btf.string(textOff),
      line: lineCol >>> 10,
      column: lineCol & 0x3ff,
      fileOff,
      textOff,
      lineCol,
    };
  });
  const coreRelocations = table<CoreRelocation>('core_relo', 24, 16, at => ({
    insnOffset: u32(at),
    typeId: u32(at + 4),
    access: btf.string(u32(at + 8)),
    kind: u32(at + 12),
  }));
  return { funcInfo, lineInfo, coreRelocations };
}
