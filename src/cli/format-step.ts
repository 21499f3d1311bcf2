import type { PlanStep } from '../object/index.js';
import { formatBpf } from '../syscall/index.js';

/** A step of a plan as strace would print its calls, with the name of the fd that it makes as its result. */
export function formatStep(step: PlanStep): string[] {
  const call = formatBpf({ cmd: step.cmd, attr: step.attr, makes: step.makes });
  return step.mmap ? [call, formatMmap(step.mmap, step.makes)] : [call];
}

function formatMmap({ address, length }: NonNullable<PlanStep['mmap']>, fd: string | undefined): string {
  const fixed = address !== 0n;
  const where = fixed ? `0x${address.toString(16)}` : 'NULL';
  return `mmap(${where}, ${length}, PROT_READ|PROT_WRITE, MAP_SHARED${fixed ? '|MAP_FIXED_NOREPLACE' : ''}, <${fd}>, 0) = ${fixed ? where : '<address>'}`;
}
