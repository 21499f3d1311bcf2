import { mkdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { RawbpfError } from '../../../errors/index.js';
import type { BpfMap } from '../../../maps/index.js';
import { matchSection } from '../../../object/index.js';
import { BpfObject, type LoadOptions, type Program } from '../../../programs/index.js';
import { readInput } from '../../read-input.js';
import { Refusal } from '../../refusal.js';
import { complain, oneLine } from '../../report-error.js';
import { Words } from '../../words.js';
import { type LoadWords, takeLoad } from './load-words.js';

/**
 * `rawbpf prog load OBJECT PATH`, `loadall OBJECT FOLDER`: loads an object, and pins its first program at the path, or all in the folder, so that they stay. When
 * something is refused, nothing stays.
 */
export function loadAndPin(which: 'first' | 'all', args: readonly string[]): void {
  const words = new Words(args);
  const file = words.take('the object');
  const path = words.take('the path to pin at');
  using load = takeLoad(words);
  using object = BpfObject.open(readInput(file), { file });
  object.load(optionsOf(object, load));
  using pins = new Pins();
  const programs = Object.values(object.programs);
  const [first] = programs;
  if (!first) throw new Refusal(`${file}: no program to load`);
  if (which === 'first') pins.program(first, path, load.autoattach);
  else {
    pins.folder(path);
    for (const program of programs) pins.program(program, join(path, program.name), load.autoattach);
  }
  if (load.pinmaps !== undefined) pins.maps(Object.values(object.maps), load.pinmaps);
  pins.keep();
}

/** What stays pinned only when all is pinned. */
class Pins {
  readonly #undo: (() => void)[] = [];

  /** At its own path, with its link instead where it is to be attached and can be. */
  program(program: Program, path: string, autoattach: boolean): void {
    if (autoattach && this.#attached(program, path)) return;
    program.pin(path);
    this.#undo.push(() => unlinkSync(path));
  }

  maps(maps: readonly BpfMap[], folder: string): void {
    this.folder(folder);
    for (const map of maps) {
      // A bpf file system has no dots in names.
      const path = join(folder, (map.info().name || map.name).replaceAll('.', '_'));
      map.pin(path);
      this.#undo.push(() => unlinkSync(path));
    }
  }

  /** Makes a folder, unless it is there. Throws Refusal. */
  folder(path: string): void {
    try {
      mkdirSync(path);
      this.#undo.push(() => rmdirSync(path));
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new Refusal(`${path}: ${message}`, { cause });
    }
  }

  keep(): void {
    this.#undo.length = 0;
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.reverse()) undo();
  }

  #attached(program: Program, path: string): boolean {
    try {
      program.attach().pin(path);
    } catch (error) {
      if (!(error instanceof RawbpfError)) throw error;
      complain(`program ${program.name} is pinned, but not attached: ${oneLine(error)}`);
      return false;
    }
    this.#undo.push(() => unlinkSync(path));
    return true;
  }
}

/** Throws Refusal for a map or type that there is none of. */
function optionsOf({ spec }: BpfObject, { type, maps }: LoadWords): LoadOptions {
  const named = maps.map(({ which, map }) => {
    const name = typeof which === 'number' ? spec.maps[which]?.name : which;
    if (name === undefined || !spec.maps.some(map => map.name === name))
      throw new Refusal(
        `${spec.file}: map ${which}: there is none; there is ${spec.maps.map(({ name }, i) => `${i} ${name}`).join(', ') || 'none'}`,
      );
    return [name, { reuse: map }] as const;
  });
  if (new Set(named.map(([name]) => name)).size < named.length)
    throw new Refusal('a map is replaced more than once');
  return {
    maps: Object.fromEntries(named),
    ...(type === undefined ? {} : { programs: programsOfType(spec, type) }),
  };
}

/** All programs as ones of this type, whatever their sections say. */
function programsOfType({ programs }: BpfObject['spec'], type: string): NonNullable<LoadOptions['programs']> {
  const match = matchSection(type) ?? matchSection(`${type}/`);
  if (!match)
    throw new Refusal(`type ${type}: is no type of program; name one as sections do: xdp, classifier`);
  const { type: progType, attachType } = match.rule;
  return Object.fromEntries(programs.map(({ name }) => [name, { type: progType, attachType }]));
}
