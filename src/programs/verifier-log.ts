/** What a verifier log says went wrong, and where. */
export interface VerifierFault {
  /** The verifier's complaint, e.g. `R0 invalid mem access 'map_value_or_null'`; undefined when the log has none. */
  readonly reason: string | undefined;
  /** The instruction it stopped at, as the log prints it, e.g. `8: (7b) *(u64 *)(r0 +0) = r1`. */
  readonly instruction: string | undefined;
  /** The source line that the instruction comes from, where the object has line info; kernels since 6.10 add `@ FILE:LINE`. */
  readonly source: string | undefined;
  /** Lines of the log that are not blank. */
  readonly lines: number;
}

const instruction = /^\d+: \([0-9a-f]{2}\) /;
/** Statistics that end a log, dumps of the verifier's state, and the trail of its precision tracking: never the complaint. */
const noise = [
  /^processed \d+ insns/,
  /^verification time/,
  /^stack depth/,
  /^(cur|old) state:/,
  /^(from \d+ to )?\d+: (frame\d+: |safe$|R\d+)/,
  /^from \d+ to \d+: safe/,
  /^(mark_precise|last_idx|regs=|parent )/,
  /^func#\d+ @/,
];
/** Complaints that the kernel prints on the line of the jump that it was looking at. */
const glued = /(infinite loop detected at insn \d+|back-edge from insn \d+ to \d+.*)$/;
/** Complaints that only repeat, for the caller, what the line before says. */
const consequence = /^Caller passes invalid args into func#/;

/**
 * Finds the complaint in a log of `BPF_PROG_LOAD` (level 1) or `BPF_BTF_LOAD`: its last line that is neither statistics nor state,
 * with the instruction and the source line last seen before it (kernel/bpf/verifier.c, kernel/bpf/btf.c).
 */
export function findFault(log: string): VerifierFault {
  const lines = log
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '');
  const at = lastIndex(lines, line => !line.startsWith(';') && !noise.some(pattern => pattern.test(line)));
  const line = lines[at];
  if (line === undefined)
    return { reason: undefined, instruction: undefined, source: undefined, lines: lines.length };
  const before = lines.slice(0, at + 1);
  return {
    reason: complaint(before),
    instruction: before
      .findLast(l => instruction.test(l))
      ?.replace(/\s+;.*$/, '')
      .replace(glued, '')
      .trimEnd(),
    source: before
      .findLast(l => /^; +[^@\s]/.test(l))
      ?.slice(1)
      .trim(),
    lines: lines.length,
  };
}

function complaint(lines: readonly string[]): string | undefined {
  const line = lines.at(-1) ?? '';
  if (instruction.test(line)) return glued.exec(line)?.[1];
  // btf.c prints the member or variable at fault on a line of its own, below its type.
  if (line.startsWith('\t')) return `${lines.findLast(l => !l.startsWith('\t')) ?? ''} ${line.trim()}`.trim();
  const previous = lines.at(-2);
  if (consequence.test(line) && previous && !instruction.test(previous)) return `${previous}; ${line}`;
  return line;
}

function lastIndex<T>(items: readonly T[], test: (item: T) => boolean): number {
  for (let i = items.length - 1; i >= 0; i--) if (test(items[i] as T)) return i;
  return -1;
}
