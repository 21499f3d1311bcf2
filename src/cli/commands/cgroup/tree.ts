import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cgroup2Mount } from '../../../programs/index.js';
import { BpfError, Errno } from '../../../syscall/index.js';
import { printJson, printLines } from '../../output.js';
import { Refusal } from '../../refusal.js';
import { Words } from '../../words.js';
import { type HookRecord, hookHeading, hookLine, hookRecords } from './hooks.js';

export interface TreeOptions {
  readonly json?: boolean;
}

interface CgroupRecord {
  readonly cgroup: string;
  readonly programs: readonly HookRecord[];
}

/** `rawbpf cgroup tree [ROOT] [effective]`: the cgroups that have programs, from a root on. */
export async function showTree(rest: readonly string[], { json }: TreeOptions): Promise<void> {
  const words = new Words(rest);
  const given = words.next !== undefined && words.next !== 'effective' ? words.take('the cgroup') : undefined;
  const effective = words.skip('effective');
  words.end();
  const root = given ?? cgroup2Mount();
  if (root === undefined)
    throw new Refusal('no cgroup file system of version 2 is mounted: mount -t cgroup2 none FOLDER');
  const found: CgroupRecord[] = [];
  for (const cgroup of cgroupsFrom(root)) {
    const programs = programsOf(cgroup, cgroup === root, effective);
    if (programs.length > 0) found.push({ cgroup, programs });
  }
  if (json) await printJson(found);
  else
    await printLines([
      'CgroupPath',
      hookHeading(effective),
      ...found.flatMap(({ cgroup, programs }) => [
        cgroup,
        ...programs.map(hook => hookLine(hook, cgroup === root ? '' : '    ')),
      ]),
    ]);
}

/** The folder and all below it on the same file system, each before those in it. */
function* cgroupsFrom(folder: string): Generator<string> {
  yield folder;
  for (const name of foldersIn(folder)) yield* cgroupsFrom(join(folder, name));
}

function foldersIn(folder: string): string[] {
  try {
    const { dev } = statSync(folder);
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
      .filter(name => statSync(join(folder, name), { throwIfNoEntry: false })?.dev === dev);
  } catch {
    // It went meanwhile, or may not be read.
    return [];
  }
}

/** None of a cgroup below the root that went meanwhile. */
function programsOf(cgroup: string, isRoot: boolean, effective: boolean): HookRecord[] {
  try {
    return hookRecords(cgroup, effective);
  } catch (error) {
    const isGone =
      error instanceof BpfError && (error.errno === Errno.ENOENT || error.errno === Errno.ENODEV);
    if (isRoot || !isGone) throw error;
    return [];
  }
}
