import { type Btf, dumpC, dumpJson, dumpRaw } from '../../btf/index.js';
import { exactJson } from '../exact-json.js';
import { printLines } from '../output.js';
import { readBtf } from '../read-btf.js';

export interface BtfDumpOptions {
  readonly format: 'c' | 'raw' | 'json';
  readonly base?: string;
}

/** `rawbpf btf dump SOURCE`: every type, as bpftool prints it. */
export async function btfDump(source: string, { format, base }: BtfDumpOptions): Promise<void> {
  const btf = readBtf(source, base === undefined ? undefined : readBtf(base));
  await printLines(dump(btf, format));
}

function dump(btf: Btf, format: BtfDumpOptions['format']): Iterable<string> {
  switch (format) {
    case 'c':
      return dumpC(btf);
    case 'json':
      return [exactJson(dumpJson(btf))];
    case 'raw':
      return dumpRaw(btf);
  }
}
