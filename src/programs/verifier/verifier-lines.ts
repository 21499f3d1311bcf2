/** A line of C that instructions come from; the file and number are known since Linux 6.10, or from the object's line info. */
export interface SourceLine {
  readonly text: string;
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
}

/** One thing that a verifier log says. */
export type LogEntry =
  | { readonly kind: 'source'; readonly source: SourceLine }
  | {
      readonly kind: 'insn';
      readonly index: number;
      /** Its first byte, two hexadecimal digits. */
      readonly opcode: string;
      /** As the kernel prints it: `*(u64 *)(r0 +0) = r1`. */
      readonly text: string;
      /** The registers and stack slots that it changed, where the kernel prints them behind it (since Linux 5.18). */
      readonly after: string | undefined;
    }
  /** All registers and stack slots of a function, before the instruction that comes next. */
  | { readonly kind: 'state'; readonly text: string }
  /** The verifier goes on with another path, or has seen one before: what came before does not lead to what follows. */
  | { readonly kind: 'path'; readonly text: string }
  /** `remark`: printed on the way, and the complaint only when there is no other. */
  | { readonly kind: 'complaint' | 'remark'; readonly text: string };

const insn = /^(\d+): \(([0-9a-f]{2})\) (.*)$/;
const sourceWithPlace = /^(.*) @ (\S+):(\d+)$/;
const state = /^(?:from \d+ to )?(?:\d+: )?((?:\(?frame\d+\)?:? ?)?(?:R\d+\w*=|fp-?\d+\w*=).*)$/;
/** What begins a state that stands behind an instruction. */
const stateBegins = /^(?:frame\d+: ?)?(?:R\d+\w*=|fp-\d+\w*=|refs=|$)/;
/** Complaints that the kernel prints on the line of the jump that it was looking at. */
const glued = /\s*(infinite loop detected at insn \d+|back-edge from insn \d+ to \d+.*)$/;
/** Another path, in kernels' words. */
const path = /^(?:from \d+ to )?\d+: safe$|^from \d+ to \d+\b/;
/** Statistics that end a log, dumps that explain a complaint, and the trail of precision tracking: never the complaint. */
const noise = [
  /^processed \d+ insns/,
  /^(verification time|stack depth|insns processed|max_states_per_insn|peak_states)\b/,
  /^(cur|old) state:/,
  /^(caller|callee|returning from callee|to caller at \d+):?$/,
  /^(returning from callee|to caller at \d+):/,
  /^func#\d+ @/,
  /^(Live regs before insn|Using (insn|JIT))/,
  /^Validating \S+\(\) func#\d+\.\.\./,
  /^Func#\d+ \(.*\) is (safe|global and assumed valid)/,
  /^\[left out: /,
];
const remark =
  /^(arg#\d+ reference type\(.*\) size cannot be determined|arg#\d+ type is not a struct|Unrecognized arg#\d+ type|reg type unsupported for arg#\d+ function)/;
/** The trail of precision tracking shows states of long ago. */
const trail = /^(mark_precise|last_idx|regs=|parent )/;

/** Reads a log of `BPF_PROG_LOAD` (kernel/bpf/verifier.c, log.c), as 5.10 to 7.2 write them. */
export function* readLog(log: string): Generator<LogEntry> {
  let inTrail = false;
  for (const line of log.split('\n')) {
    const onTrail = trail.test(line);
    for (const entry of onTrail ? [] : readLine(line)) if (entry.kind !== 'state' || !inTrail) yield entry;
    inTrail = onTrail;
  }
}

/** Some lines say several things. */
function readLine(line: string): LogEntry[] {
  const text = line.trimEnd();
  if (text === '' || noise.some(pattern => pattern.test(text))) return [];
  const [, index, opcode, rest] = insn.exec(text) ?? [];
  if (index !== undefined) return readInsn(Number(index), opcode ?? '', rest ?? '');
  if (text.startsWith(';')) return readSource(text.slice(1));
  const bare = text.trimStart();
  const [, registers] = state.exec(bare) ?? [];
  const turn = path.exec(bare)?.[0];
  const turned = turn === undefined ? [] : [{ kind: 'path', text: turn } as const];
  if (registers !== undefined) return [...turned, { kind: 'state', text: registers }];
  if (turned.length > 0) return turned;
  return [{ kind: remark.test(text) ? 'remark' : 'complaint', text: line.startsWith('\t') ? text : bare }];
}

/** `goto pc-2 0: R0=scalar() R10=fp0` has the state of what comes next behind it, `call x#7 ; R0=scalar()` what changed. */
function readInsn(index: number, opcode: string, rest: string): LogEntry[] {
  const complaint = glued.exec(rest)?.[1];
  const [code = '', ...behind] = rest.replace(glued, '').split(/\s*; ?/);
  const note = behind.join('; ');
  const changed = behind.length > 0 && stateBegins.test(note);
  const next = /\s+(?:from \d+ to )?\d+: ((?:frame\d+: ?)?R\d+\w*=.*)$/;
  // The state behind a jump may itself be followed by that of the next instruction.
  const nextState = next.exec(changed ? ` ${note}` : code)?.[1];
  const text = code.replace(next, '').trimEnd();
  const after = changed ? ` ${note}`.replace(next, '').trim() : '';
  return [
    { kind: 'insn', index, opcode, text, after: after === '' ? undefined : after },
    ...(nextState ? [{ kind: 'state', text: nextState } as const] : []),
    ...(behind.length > 0 && !changed ? readSource(note) : []),
    ...(complaint ? [{ kind: 'complaint', text: complaint } as const] : []),
  ];
}

/** Instructions of the compiler's own have a line 0 or none. */
function readSource(text: string): LogEntry[] {
  const [, code, file, line] = sourceWithPlace.exec(text) ?? [];
  const source: SourceLine = {
    text: (code ?? text).trim(),
    file,
    line: line === undefined ? undefined : Number(line),
  };
  return source.text === '' ? [] : [{ kind: 'source', source }];
}
