import { listPrograms, openProgram } from '../../programs/index.js';
import { objectSource } from '../object-source.js';
import { printJson, printLines } from '../output.js';
import { programRecord, programText } from '../program-text.js';

export interface ShowOptions {
  readonly json?: boolean;
}

/** `rawbpf prog list`: the loaded programs of the kernel. */
export async function listAllPrograms({ json }: ShowOptions): Promise<void> {
  const infos = [...listPrograms()];
  if (json) await printJson(infos.map(programRecord));
  else await printLines(infos.map(programText));
}

/** `rawbpf prog show PROGRAM`: one of them, by its id or where it is pinned. */
export async function showProgram(which: string, { json }: ShowOptions): Promise<void> {
  using program = openProgram(objectSource(which));
  const info = program.info();
  if (json) await printJson(programRecord(info));
  else await printLines([programText(info)]);
}
