import type { Kernel } from '../../kernel/index.js';
import type { BpfMap } from '../../maps/index.js';
import type { ProgramSpec } from '../../object/index.js';
import type { Sys } from '../../syscall/index.js';

/** What attaching needs of a loaded program. */
export interface Attachable {
  readonly sys: Sys;
  readonly kernel: Kernel;
  /** The object's file, for messages. */
  readonly file: string;
  readonly name: string;
  readonly fd: number;
  readonly spec: ProgramSpec;
  /** The object's maps, which attaching some kinds fills. */
  readonly maps: Readonly<Record<string, BpfMap>>;
}
