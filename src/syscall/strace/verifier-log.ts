import { BpfCmd, bpfAttr } from '../../abi/index.js';
import type { SyscallEvent } from '../tracing.js';

const logFields: Readonly<Record<number, readonly [schema: 'prog_load' | 'btf_load', field: string]>> = {
  [BpfCmd.BPF_PROG_LOAD]: ['prog_load', 'log_buf'],
  [BpfCmd.BPF_BTF_LOAD]: ['btf_load', 'btf_log_buf'],
};

/** What the verifier wrote into the log buffer of a call, a line each, indented; empty when it wrote nothing or had no buffer. */
export function verifierLogText(event: SyscallEvent): string {
  const where = event.name === 'bpf' ? logFields[event.cmd] : undefined;
  if (event.name !== 'bpf' || !where) return '';
  const [schema, field] = where;
  const address = bpfAttr[schema][0].decode(event.attr)[field];
  const log = event.memory.find(memory => memory.address === address)?.after;
  if (!log || address === 0n) return '';
  const end = log.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? log : log.subarray(0, end)).trimEnd();
  return text === '' ? '' : `\n${text.replace(/^/gm, '    | ')}`;
}
