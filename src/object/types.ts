import type { BtfExt, BtfTypes, CoreRelocation, FuncInfo, LineInfo } from '../btf/index.js';
import type { Endian } from '../elf/index.js';

/**
 * What one instruction (or `.maps` word) refers to, decided from its ELF relocation. `index` is the slot within the function.
 * - `map`: ldimm64 of a map fd (BPF_PSEUDO_MAP_FD)
 * - `mapValue`: ldimm64 of an address in a global-data map (BPF_PSEUDO_MAP_VALUE), `offset` bytes into it
 * - `call`: BPF-to-BPF call of a function of the object (BPF_PSEUDO_CALL)
 * - `funcPtr`: ldimm64 of a function (BPF_PSEUDO_FUNC)
 * - `extern`: a `.kconfig` or `.ksyms` extern, or a kfunc
 * - `jumpTable`: ldimm64 of a table of instruction addresses, `offset` bytes into section `.jumptables`
 */
export type InsnReference =
  | { readonly kind: 'map'; readonly index: number; readonly map: string }
  | { readonly kind: 'mapValue'; readonly index: number; readonly map: string; readonly offset: number }
  | { readonly kind: 'call'; readonly index: number; readonly func: string }
  | { readonly kind: 'funcPtr'; readonly index: number; readonly func: string }
  | { readonly kind: 'extern'; readonly index: number; readonly name: string; readonly call: boolean }
  | { readonly kind: 'jumpTable'; readonly index: number; readonly offset: number; readonly size: number };

/** One function of the object: an entry program (in a section of its own) or a subprog (in `.text`). */
export interface FunctionSpec {
  /** Unique: the symbol's name; two static functions of one name in different sections are told apart as `section/name`. */
  readonly key: string;
  readonly name: string;
  readonly section: string;
  /** Byte offset within the section. */
  readonly sectionOffset: number;
  /** Instructions, 8 bytes a slot, in the object's byte order; not yet relocated. */
  readonly insns: Uint8Array;
  readonly linkage: 'static' | 'global' | 'weak';
  readonly references: readonly InsnReference[];
  readonly funcInfo: readonly FuncInfo[];
  readonly lineInfo: readonly LineInfo[];
  readonly coreRelocations: readonly CoreRelocation[];
}

/** A program: a function in a section whose name says its type (see section-names.ts). */
export interface ProgramSpec extends FunctionSpec {
  /** `enum bpf_prog_type`; undefined when the section name is not known. */
  readonly type: number | undefined;
  /** `enum bpf_attach_type`; 0 where the type has none. */
  readonly attachType: number;
  /** What follows the first `/` of the section name, e.g. `syscalls/sys_enter_write`. */
  readonly attachTarget: string | undefined;
  /** The section-name table's row that matched, e.g. `tp/`. */
  readonly sectionRule: string | undefined;
  /** Prog flags that the section asks for (sleepable, xdp.frags). */
  readonly flags: number;
  /** False for `SEC("?…")`. */
  readonly autoload: boolean;
}

/** A map: BTF-defined in `.maps`, made from a data section (`internal`), a struct_ops map, or one of a legacy `maps` section. Sizes are bytes. */
export interface MapSpec {
  /** Name in the object: the variable's name, or the section's (`.rodata`). */
  readonly name: string;
  /** Name given to the kernel (at most 15 characters), e.g. `opensnoo.rodata`. */
  readonly kernelName: string;
  /** `enum bpf_map_type`. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** 0 when user space or the machine is to decide (perf event array: number of CPUs). */
  readonly maxEntries: number;
  readonly flags: number;
  readonly mapExtra: bigint;
  readonly numaNode: number | undefined;
  readonly pinning: 'none' | 'by_name';
  /** BTF type ids in the object's BTF; 0 when it has none. For a data section the value is its DATASEC. */
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** A data section's kind and initial bytes; undefined for a map out of `.maps`. */
  readonly internal:
    | {
        readonly kind: 'rodata' | 'data' | 'bss' | 'kconfig';
        readonly section: string;
        readonly bytes: Uint8Array;
      }
    | undefined;
  /** False for a struct_ops map of `SEC("?.struct_ops")`: it is not created. */
  readonly autocreate: boolean;
  /** For a struct_ops map: the struct as the compiler laid it out, and the programs that its members point to. */
  readonly structOps: StructOpsSpec | undefined;
  /** Initial values by slot, as declared by `.values = { … }`: names of maps or programs. */
  readonly values: readonly { readonly index: number; readonly ref: string }[];
  /** The template of a map-in-map's inner maps. */
  readonly inner: MapSpec | undefined;
}

/** What a variable of `.struct_ops` or `.struct_ops.link` defines. */
export interface StructOpsSpec {
  /** The struct's type in the object's BTF. */
  readonly typeId: number;
  /** Its value in the object's byte order, function pointers 0. */
  readonly bytes: Uint8Array;
  /** Names of programs, by the index of the member that points to them. */
  readonly programs: readonly { readonly member: number; readonly program: string }[];
}

/** A global variable of `.rodata*`, `.data*` or `.bss*`, or of an arena. */
export interface GlobalSpec {
  readonly name: string;
  /** Name of the map (section) that holds it. */
  readonly map: string;
  readonly section: string;
  /** Bytes from the start of the map's value; in an arena from where its variables begin. */
  readonly offset: number;
  readonly size: number;
  readonly typeId: number;
  /** True when user space may set it before load only (`.rodata`). */
  readonly readonly: boolean;
}

/** An undefined symbol: a `.kconfig` or `.ksyms` extern, or a kfunc. */
export interface ExternSpec {
  readonly name: string;
  readonly kind: 'kconfig' | 'ksym' | 'kfunc';
  readonly weak: boolean;
  /** Type of the value; of a ksym without modifiers, 0 when it is `void`; of a kfunc its FUNC_PROTO. */
  readonly typeId: number;
}

/** What is in a `.bpf.o`: plain data, the same on every machine. Made by `parseObject`. */
export interface ObjectSpec {
  /** Name the input was given, for messages. */
  readonly file: string;
  /** Base name without `.bpf.o` or `.o`, from which internal maps are named (libbpf: bpf_object name). */
  readonly name: string;
  readonly endian: Endian;
  readonly license: string;
  /** `version` section (kern_version), or undefined. */
  readonly version: number | undefined;
  readonly programs: readonly ProgramSpec[];
  readonly subprogs: readonly FunctionSpec[];
  readonly maps: readonly MapSpec[];
  readonly globals: readonly GlobalSpec[];
  readonly externs: readonly ExternSpec[];
  /** The object's BTF with DATASEC sizes and offsets filled in, ready for BTF_LOAD; undefined when it has none. */
  readonly btf: BtfTypes | undefined;
  readonly btfExt: BtfExt | undefined;
  /** Initial bytes of the variables that live in the arena (section `.addr_space.1`), and the name of its map. */
  readonly arena: { readonly map: string; readonly bytes: Uint8Array } | undefined;
  /** Section `.jumptables`: tables of 64-bit byte offsets of instructions. */
  readonly jumpTables: Uint8Array | undefined;
  /** Things worth a person's attention that are not errors. */
  readonly warnings: readonly string[];
}
