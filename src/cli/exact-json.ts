/** JSON in which a bigint is the number it is, however large: JSON.parse rounds it, other readers (jq 1.7, Python) need not. */
export function exactJson(value: unknown, indent = ''): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const [open, close, parts] = Array.isArray(value)
    ? ['[', ']', value.map(element => exactJson(element, inner))]
    : ['{', '}', Object.entries(value).map(([key, v]) => `${JSON.stringify(key)}: ${exactJson(v, inner)}`)];
  if (parts.length === 0) return open + close;
  return `${open}\n${parts.map(part => inner + part).join(',\n')}\n${indent}${close}`;
}
