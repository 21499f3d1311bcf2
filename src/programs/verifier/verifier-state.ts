/** What registers and stack slots are known to hold while a log is read. */
export class RegisterState {
  #known = new Map<string, string>();
  #frame = '';

  /** Takes the whole state of a function, as the kernel prints it before an instruction. */
  replace(text: string): void {
    this.#known = new Map();
    this.#frame = frameOf(text);
    this.#update(text);
  }

  /** Takes what an instruction changed; `after` is what the kernel prints behind it. */
  execute(insn: string, after: string | undefined): void {
    // A call leaves r1 to r5 unset, and the kernel does not print that.
    if (insn.startsWith('call ')) for (let i = 1; i <= 5; i++) this.#known.delete(`R${i}`);
    if (after === undefined) return;
    if (frameOf(after) === this.#frame) this.#update(after);
    else this.replace(after);
  }

  known(): Record<string, string> {
    return Object.fromEntries([...this.#known].sort(([a], [b]) => order(a) - order(b)));
  }

  #update(text: string): void {
    for (const [name, value] of readState(text)) this.#known.set(name, value);
  }
}

/** `R0_w=scalar(umax=4,var_off=(0x0; 0x4)) fp-8=mmmm????`: names without marks of liveness, and values, which may have blanks in brackets. */
export function readState(text: string): [name: string, value: string][] {
  const found = text.matchAll(/(?:^| )(R\d+|fp-\d+)(?:_[a-z]+)*=((?:\((?:[^()]|\([^()]*\))*\)|[^ (])*)/g);
  return [...found].map(([, name = '', value = '']) => [name, value]);
}

function frameOf(text: string): string {
  return /^frame\d+/.exec(text)?.[0] ?? '';
}

function order(name: string): number {
  return name.startsWith('R') ? Number(name.slice(1)) : 100 - Number(name.slice(2));
}
