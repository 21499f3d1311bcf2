import { RawbpfError } from '../../../errors/index.js';
import { StructOpsMap } from '../../../maps/index.js';
import {
  type AttachTarget,
  attachesItself,
  attachStructOps,
  type BpfObject,
  type Link,
  type Program,
} from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';
import { complain, oneLine } from '../../report-error.js';

/**
 * Attaches every program that names what it attaches to, or to which `targets` gives it; warns of those that this kernel refuses. Registers struct_ops maps.
 * Throws Refusal when nothing is left.
 */
export function attachPrograms(object: BpfObject, targets: ReadonlyMap<string, AttachTarget>): Link[] {
  const links: Link[] = [];
  const attached: string[] = [];
  const attach = (name: string, call: () => Link, what?: string): void => {
    try {
      const link = call();
      links.push(link);
      attached.push(what ?? `${link.kind} ${link.target}`);
    } catch (error) {
      if (!(error instanceof RawbpfError)) throw error;
      complain(`warning: ${name}: ${oneLine(error)}`);
    }
  };
  for (const program of Object.values(object.programs)) {
    const target = targets.get(program.name);
    if (target) attach(program.name, () => program.attachTo(target));
    else if (attachesItself(program.spec)) attach(program.name, () => program.attach(), program.spec.section);
    else if (!isCalled(program))
      complain(
        `warning: ${program.name}: SEC("${program.spec.section}") names no target: give it one by --attach ${program.name}=SECTION/TARGET`,
      );
  }
  for (const map of Object.values(object.maps))
    if (map instanceof StructOpsMap && map.isComplete && map.state !== 'inuse')
      attach(map.name, () => attachStructOps(map), map.name);
  if (attached.length === 0) throw new Refusal(`${object.spec.file}: no program could be attached`);
  complain(`attached ${attached.join(', ')}`);
  return links;
}

/** Programs that others run: by tail calls, or as functions of a struct_ops map. */
function isCalled({ spec }: Program): boolean {
  return /^(\?)?struct_ops|^syscall$/.test(spec.section);
}
