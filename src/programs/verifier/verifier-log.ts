import { BpfFuncId, enumName } from '../../abi/index.js';
import { type LogEntry, readLog, type SourceLine } from './verifier-lines.js';
import { RegisterState } from './verifier-state.js';

/** What a verifier log says went wrong, and where. */
export interface VerifierFault {
  /**
   * The verifier's complaint, e.g. `R0 invalid mem access 'map_value_or_null'`, its lines joined by semicolons; undefined when the log
   * has none.
   */
  readonly reason: string | undefined;
  /** The slot of the instruction that it stopped at, counted from the program's first. */
  readonly index: number | undefined;
  /** That instruction, as the log prints it, e.g. `8: (7b) *(u64 *)(r0 +0) = r1`. */
  readonly instruction: string | undefined;
  /** The source line that the instruction comes from, where the object has line info. */
  readonly source: SourceLine | undefined;
  /** The register that the complaint is about, e.g. `R0`. */
  readonly register: string | undefined;
  /** The helper or kfunc that the instruction calls, e.g. `bpf_probe_read_kernel`. */
  readonly helper: string | undefined;
  /**
   * What registers (`R0`) and stack slots (`fp-8`) were known to hold before the instruction, in the kernel's words, e.g.
   * `map_value_or_null(id=1,ks=4,vs=8)`. Kernels before 5.18 print it here and there only.
   */
  readonly state: Readonly<Record<string, string>>;
  /** Of an unreleased reference: where it was taken, and by which slot. */
  readonly taken: SourceLine | undefined;
  readonly takenAt: number | undefined;
  /** Lines of the log that are not blank. */
  readonly lines: number;
}

type Insn = Extract<LogEntry, { kind: 'insn' }>;

/** Finds the complaint in a log of `BPF_PROG_LOAD` or `BPF_BTF_LOAD`, with the instruction and the source line last seen before it. */
export function findFault(log: string): VerifierFault {
  const registers = new RegisterState();
  const sources = new Map<number, SourceLine>();
  let insn: Insn | undefined;
  let source: SourceLine | undefined;
  let said: string[] = [];
  let remarks: string[] = [];
  for (const entry of readLog(log)) {
    if (entry.kind === 'source') source = entry.source;
    else if (entry.kind === 'insn') {
      if (insn) registers.execute(insn.text, insn.after);
      insn = entry;
      if (source) sources.set(entry.index, source);
      [said, remarks] = [[], []];
    } else if (entry.kind === 'state') registers.replace(entry.text);
    else if (entry.kind === 'remark') remarks.push(entry.text);
    else if (entry.kind === 'complaint') said.push(entry.text);
  }
  const reason = complaint(said.length > 0 ? said : insn ? [] : remarks);
  // A complaint about the whole program comes after the last instruction, but is not about it.
  const about = reason && ofProgram.test(reason) ? undefined : insn;
  const allocated = /alloc_insn=(\d+)/.exec(reason ?? '')?.[1];
  const takenAt = allocated === undefined ? undefined : Number(allocated);
  return {
    reason,
    index: about?.index,
    instruction: about && `${about.index}: (${about.opcode}) ${about.text}`,
    source: about && source,
    register: /\bR\d+\b/.exec(reason ?? '')?.[0],
    helper: called(about),
    state: about ? registers.known() : {},
    taken: takenAt === undefined ? undefined : sources.get(takenAt),
    takenAt,
    lines: log.split('\n').filter(line => line.trim() !== '').length,
  };
}

/** A helper that this kernel does not know has only its number in the log. */
function called(insn: Insn | undefined): string | undefined {
  const [, name, number] = /^call (\w+)#(\d+)/.exec(insn?.text ?? '') ?? [];
  if (name !== 'unknown') return name;
  return enumName(BpfFuncId, Number(number))?.replace('BPF_FUNC_', 'bpf_');
}

/** Complaints that no single instruction is to blame for. */
const ofProgram = /^(combined stack size|unreachable insn|unknown opcode|Arg#\d+ type)/;

/** btf.c prints the member or variable at fault on a line of its own, below its type. */
function complaint(lines: readonly string[]): string | undefined {
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  if (!last.startsWith('\t')) return lines.filter(line => !line.startsWith('\t')).join('; ');
  return `${lines.findLast(line => !line.startsWith('\t')) ?? ''} ${last.trim()}`.trim();
}
