/** Members of a JSON object in their order, where one name may come twice, as those of anonymous structs do. */
export class Members {
  readonly list: readonly (readonly [name: string, value: unknown])[];

  constructor(list: readonly (readonly [string, unknown])[]) {
    this.list = list;
  }
}

/** JSON in which a bigint is the number it is, however large: JSON.parse rounds it, other readers (jq 1.7, Python) need not. */
export function exactJson(value: unknown, indent = ''): string {
  const { open, close, parts } = partsOf(value, v => exactJson(v, `${indent}  `));
  if (parts === undefined) return open;
  if (parts.length === 0) return open + close;
  return `${open}\n${parts.map(part => `${indent}  ${part}`).join(',\n')}\n${indent}${close}`;
}

/** The same on one line. */
export function exactJsonLine(value: unknown): string {
  const { open, close, parts } = partsOf(value, exactJsonLine);
  return parts === undefined ? open : `${open}${parts.join(', ')}${close}`;
}

interface Parts {
  /** All of a value that has no parts. */
  readonly open: string;
  readonly close: string;
  readonly parts: readonly string[] | undefined;
}

function partsOf(value: unknown, text: (value: unknown) => string): Parts {
  if (typeof value === 'bigint') return { open: value.toString(), close: '', parts: undefined };
  if (typeof value !== 'object' || value === null)
    return { open: JSON.stringify(value), close: '', parts: undefined };
  if (Array.isArray(value)) return { open: '[', close: ']', parts: value.map(v => text(v)) };
  const members = value instanceof Members ? value.list : Object.entries(value);
  const present = members.filter(([, v]) => v !== undefined);
  return { open: '{', close: '}', parts: present.map(([name, v]) => `${JSON.stringify(name)}: ${text(v)}`) };
}
