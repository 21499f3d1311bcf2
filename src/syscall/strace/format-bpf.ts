import { attrMember, attrSchema } from '../attr.js';
import { AttrView, type ViewParts } from './attr-view.js';
import { type Layout, layoutOf } from './bpf-layouts.js';
import { choiceText, commands } from './constants.js';
import { linkSchema } from './link-layouts.js';
import { named } from './parts.js';
import { hexEscaped } from './quote.js';

/**
 * A bpf() call without its result: `bpf(BPF_MAP_CREATE, {map_type=…}, 72)`. The attr of a command that strace 6.1 knows nothing about
 * is printed as later ones do, and that of a command nobody knows as bytes.
 */
export function bpfText(cmd: number, parts: Omit<ViewParts, 'schema'>): string {
  const { size, bytes, options } = parts;
  const passed = bytes.subarray(0, size);
  const command = choiceText(commands, cmd, true);
  const member = attrMember(cmd);
  if (member === undefined) return `bpf(${command}, ${hexEscaped(passed)}, ${size})`;
  const schema = member === 'link_create' ? linkSchema(passed, options.teach) : attrSchema(cmd);
  const view = new AttrView({ ...parts, schema });
  const layout = layoutOf(command, view);
  return `bpf(${command}, ${layout ? attrText(view, layout) : hexEscaped(passed)}, ${size})`;
}

function attrText(view: AttrView, layout: Layout): string {
  const { schema, size, options } = view;
  const groups = [...layout.groups, ...(options.teach ? (layout.newer ?? []) : [])];
  const shown = groups.filter(([first], i) => i === 0 || (first && size > schema.offsetOf(first.field)));
  const fields = shown
    .flat()
    .map(part => named(part, view))
    .filter(text => text !== '');
  const lastKnown = schema.field(groups.at(-1)!.at(-1)!.field);
  const body = layout.nest ? `${layout.nest}={${fields.join(', ')}}` : fields.join(', ');
  return `{${[body, ...beyond(view, lastKnown.offset + lastKnown.size)].join(', ')}}${layout.answer?.(view) ?? ''}`;
}

/** Bytes after the fields that are printed, when any of them is not 0. */
function beyond(view: AttrView, known: number): string[] {
  const extra = view.bytes.subarray(known);
  if (extra.every(byte => byte === 0)) return [];
  if (!view.options.verbose) return ['...'];
  return [`extra_data=${hexEscaped(extra)} /* bytes ${known}..${view.size - 1} */`];
}
