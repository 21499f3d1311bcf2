import { type Btf, dumpJson, dumpRaw } from '../../btf/index.js';
import { NotYetError } from '../../errors/index.js';
import { printJson, printLines } from '../output.js';
import { readBtf } from '../read-btf.js';

export interface BtfDumpOptions {
  readonly format: 'c' | 'raw' | 'json';
  readonly base?: string;
}

/** `rawbpf btf dump SOURCE`: every type, as bpftool prints it. */
export async function btfDump(source: string, { format, base }: BtfDumpOptions): Promise<void> {
  if (format === 'c') throw new NotYetError(['btf dump --format c (raw and json are)']);
  const btf: Btf = readBtf(source, base === undefined ? undefined : readBtf(base));
  if (format === 'json') await printJson(dumpJson(btf));
  else await printLines(dumpRaw(btf));
}
