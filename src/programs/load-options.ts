import type { Kernel } from '../kernel/index.js';
import type { BpfMap } from '../maps/index.js';
import type { KernelView, MapSettings, ProgramChoice } from '../object/index.js';
import type { Sys } from '../syscall/index.js';
import type { TokenSource } from './token.js';

export interface OpenOptions {
  /** Name of the input in messages. Default: the path, or `<bytes>`. */
  readonly file?: string;
  /** Name that the data sections' maps begin with. Default: the file's base name. */
  readonly name?: string;
  /** Where calls go. Default: this machine's kernel, when the object is loaded. */
  readonly sys?: Sys;
  readonly kernel?: Kernel;
}

export interface LoadOptions {
  /**
   * Names of the programs to load, or how single ones are loaded, by name: `{ count: { attachTarget: 'vfs_read' }, spare: { autoload: false } }`. Default: all but
   * those of `SEC("?…")`, as their sections say. Throws ObjectError for a name that the object does not have.
   */
  readonly programs?: ProgramChoice;
  /** Folder of a bpf file system for maps that are pinned by name. Default: `/sys/fs/bpf`; false pins none. */
  readonly pinRoot?: string | false;
  /**
   * How single maps are loaded, by name: `{ start: { maxEntries: 64 }, seen: { pin: '/sys/fs/bpf/seen' }, shared: { reuse: map } }`. Throws ObjectError for
   * a name that the object does not have.
   */
  readonly maps?: Readonly<Record<string, LoadMapSettings>>;
  /**
   * What the verifier is to write about programs that it takes, see {@link Program.log}: 2 the instructions of all paths and its state at each, 4 statistics,
   * 1 what it remarks besides; they add up. Default: 0, no log unless it refuses. A log makes loading slower.
   */
  readonly logLevel?: number;
  /**
   * The BPF token by which a process in a user namespace may load: its fd, or the folder of the bpf file system to make it from. Default: in a user
   * namespace that of LIBBPF_BPF_TOKEN_PATH or /sys/fs/bpf, where there is one; false uses none. Linux 6.9.
   */
  readonly token?: TokenSource;
}

/** As in planning, but a map to reuse has to be open. */
export interface LoadMapSettings extends MapSettings {
  readonly reuse?: BpfMap;
}

export interface PlanOptions extends Omit<LoadOptions, 'maps' | 'logLevel' | 'token'> {
  readonly maps?: Readonly<Record<string, MapSettings>>;
  /** The kernel to plan for. Default: the newest that rawbpf knows, so that planning asks nothing of this one. */
  readonly kernel?: KernelView;
}
