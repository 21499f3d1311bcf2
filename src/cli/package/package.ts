/** An eBPF program as `ecc` packs it: the object, and what its author says about how to run it. */
export interface EbpfPackage {
  /** The `.bpf.o`. */
  readonly object: Uint8Array;
  /** Name of the object, from which its data sections' maps are named. */
  readonly name: string | undefined;
  readonly doc: PackageDoc;
  readonly variables: readonly PackageVariable[];
  readonly maps: readonly PackageMap[];
  readonly programs: readonly PackageProgram[];
  readonly exported: PackageTypes | undefined;
  /** The events of each map are as its own `export_config` says, and those of the others are not exported. */
  readonly typedByMap: boolean;
}

/** What `--help` says of the program as a whole. */
export interface PackageDoc {
  readonly brief?: string;
  readonly description?: string;
  readonly details?: string;
  readonly version?: string;
}

/** A global variable, and the flag that sets it. */
export interface PackageVariable {
  readonly name: string;
  readonly section: string;
  /** In C. */
  readonly type: string | undefined;
  readonly description: string | undefined;
  /** What it is set to where the command line does not say: a number, a string, or a boolean. */
  readonly value: unknown;
  /** Name of its flag, where that is not the variable's. */
  readonly long: string | undefined;
  /** One character. */
  readonly short: string | undefined;
  /** True when it has a command-line section of its own. */
  readonly isArgument: boolean;
}

export interface PackageMap {
  readonly name: string;
  readonly sample: PackageSample | undefined;
  readonly exportConfig: PackageExport | undefined;
}

/** How a map that is no buffer of events is printed. */
export interface PackageSample {
  readonly intervalMs: number;
  readonly type: 'log2_hist' | 'linear_hist' | 'default_kv';
  readonly unit: string | undefined;
  /** Its entries are removed once they are printed. */
  readonly clear: boolean;
}

/** Type of a map's events: an id in the object's BTF, or members of the package's own choice. */
export type PackageExport =
  | { readonly typeId: number }
  | {
      readonly members: readonly {
        readonly name: string;
        readonly offset: number;
        readonly typeId: number;
      }[];
    };

export interface PackageProgram {
  readonly name: string;
  /** Index of the network interface, for XDP and tc. */
  readonly ifindex: number | undefined;
  /** `XDP_FLAGS_*`: 2 in the network stack, 4 in the driver. */
  readonly flags: number | undefined;
  readonly direction: 'ingress' | 'egress' | undefined;
  readonly handle: number | undefined;
  readonly priority: number | undefined;
}

/** The types of the records that come out of the program. */
export interface PackageTypes {
  /** BTF that has them, of packages that bring it; else they are in the object's. */
  readonly btf: Uint8Array | undefined;
  readonly structs: readonly PackageStruct[];
}

export interface PackageStruct {
  readonly name: string;
  /** Its members as C declares them, for objects whose BTF does not have it. */
  readonly declaration: string | undefined;
  readonly typeId: number | undefined;
  /** Bytes. */
  readonly size: number | undefined;
}
