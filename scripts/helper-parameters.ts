import { BpfFuncId } from '../src/abi/index.js';
import type { BtfTypes } from '../src/btf/index.js';

/** What the verifier passes on top of what a program does. */
const hidden = ['gfp_t', 'bpf_prog_aux'];
const integers: Readonly<Record<string, string>> = {
  '4 signed': 'int',
  '4 unsigned': 'unsigned int',
  '8 signed': 'long long',
  '8 unsigned': 'unsigned long long',
  '2 unsigned': 'unsigned short',
};

/**
 * Types of the helpers' parameters, as a program sees them, by the name without `bpf_`. The kernel's BPF_CALL_n macros (include/linux/filter.h) leave a
 * typedef `btf_bpf_NAME` for each that is implemented under its own name; others are left out.
 */
export function helperParametersOf(btf: BtfTypes): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {};
  for (const constant of Object.keys(BpfFuncId)) {
    const name = constant.replace(/^BPF_FUNC_/, '');
    const parameters = parametersOf(btf, `btf_bpf_${name}`);
    if (parameters) found[name] = parameters;
  }
  return found;
}

function parametersOf(btf: BtfTypes, typedef: string): string[] | undefined {
  const id = btf.findByName(typedef, 'typedef');
  if (id === undefined) return undefined;
  const pointer = btf.resolved(id);
  const proto = pointer.kind === 'ptr' ? btf.resolved(pointer.type) : pointer;
  if (proto.kind !== 'func_proto') throw new Error(`${typedef} is no function`);
  return proto.params.flatMap(({ type }) => (isHidden(btf, type) ? [] : [typeText(btf, type, typedef)]));
}

function isHidden(btf: BtfTypes, id: number): boolean {
  const type = btf.type(id);
  return hidden.includes((type.kind === 'ptr' ? btf.type(type.type) : type).name);
}

function typeText(btf: BtfTypes, id: number, typedef: string): string {
  const type = btf.resolved(id);
  if (type.kind === 'ptr') return isConst(btf, type.type) ? 'const void *' : 'void *';
  const text = type.kind === 'int' && integers[`${type.size} ${type.signed ? 'signed' : 'unsigned'}`];
  if (!text) throw new Error(`${typedef}: no type for a ${type.kind} ${type.name}`);
  return text;
}

function isConst(btf: BtfTypes, id: number): boolean {
  let type = btf.type(id);
  while (type.kind === 'volatile' || type.kind === 'type_tag') type = btf.type(type.type);
  return type.kind === 'const';
}
