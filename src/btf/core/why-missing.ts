import { typeName } from '../type-name.js';
import type { BtfTypes } from '../types.js';
import { type AccessSpec, isComposite, isEnum, isEnumKind, isTypeKind } from './access-spec.js';
import { essentialName } from './essential-name.js';
import { nearNames } from './near-names.js';
import type { CoreResolution } from './resolver.js';

/** How deep anonymous members are looked into for names. */
const anonymousDepth = 8;

/** Why no type of the kernel has what a relocation accesses, and what there is instead; for people. */
export function whyMissing({ local, candidates }: CoreResolution): string {
  const root = local.btf.type(local.rootTypeId);
  const name = essentialName(root.name);
  const [first] = candidates;
  if (!first) return `the kernel has no ${root.kind} ${name}`;
  const { btf, name: where } = first.target;
  const there = `${root.kind} ${btf.type(first.id).name}${where === 'vmlinux' ? '' : ` of module ${where}`}`;
  if (isTypeKind(local.kind)) return `${there} of the kernel is of another shape`;
  if (isEnumKind(local.kind)) return missingValue(local, btf, first.id, there);
  return missingField(local, btf, first.id, there);
}

function missingValue({ accessors }: AccessSpec, btf: BtfTypes, id: number, there: string): string {
  const wanted = accessors[0]?.name ?? '';
  const type = btf.resolved(id);
  return `${there} of the kernel has no value ${wanted}${nearest(wanted, isEnum(type) ? type.values : [])}`;
}

/** Follows the access by name until it fails. */
function missingField(local: AccessSpec, btf: BtfTypes, rootId: number, there: string): string {
  let id = rootId;
  let place = there;
  for (const [position, { name, index, typeId }] of local.accessors.entries()) {
    const type = btf.resolved(id);
    if (name === undefined) {
      if (position === 0) continue;
      if (type.kind !== 'array') return `${place} is ${typeName(btf, id)} in the kernel, not an array`;
      if (index >= type.nelems)
        return `${place} has ${type.nelems} elements in the kernel, and none with index ${index}`;
      id = type.type;
      place += `[${index}]`;
      continue;
    }
    const member = [...members(btf, id)].find(m => m.name === name);
    if (!member) return `${place} of the kernel has no member ${name}${nearest(name, members(btf, id))}`;
    const struct = local.btf.type(typeId);
    const ours = isComposite(struct) ? struct.members[index]?.type : undefined;
    id = member.type;
    place += `.${name}`;
    if (position === local.accessors.length - 1 && ours !== undefined)
      return `${place} is ${typeName(btf, id)} in the kernel, ${typeName(local.btf, ours)} in the object`;
  }
  return `${place} is of another kind in the kernel`;
}

function nearest(wanted: string, among: Iterable<{ readonly name: string }>): string {
  const names = nearNames(
    wanted,
    [...among].map(m => m.name),
  );
  return names.length > 0 ? `; it has ${names.join(', ')}` : '';
}

/** The members of a struct with those of its anonymous members. */
function* members(
  btf: BtfTypes,
  id: number,
  depth = anonymousDepth,
): Generator<{ readonly name: string; readonly type: number }> {
  const struct = btf.resolved(id);
  if (!isComposite(struct)) return;
  for (const { name, type } of struct.members)
    if (name !== '') yield { name, type };
    else if (depth > 0) yield* members(btf, type, depth - 1);
}
