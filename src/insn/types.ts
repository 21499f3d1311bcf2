/** One `struct bpf_insn` (8 bytes), decoded. A 16-byte `ldimm64` takes two slots; the second has code 0. */
export interface Insn {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  /** Signed 16 bits. */
  readonly off: number;
  /** Signed 32 bits. */
  readonly imm: number;
}

/** Names for what instructions refer to; each answers undefined to leave the number. Indexes are in 8-byte slots. */
export interface DisasmNames {
  /** Name of a helper by `enum bpf_func_id`. Default: the generated table. */
  helper?(id: number): string | undefined;
  /** Text for a `ldimm64` or call at slot `index`, e.g. a map, global, subprog or extern known from a relocation. */
  reference?(index: number): string | undefined;
  /** Name of the subprog that starts at slot `index`. */
  subprog?(index: number): string | undefined;
}
