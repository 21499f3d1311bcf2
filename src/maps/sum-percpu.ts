/**
 * The values of all CPUs added up: numbers, structs field by field, arrays element by element. Throws TypeError where there is something else, such as text,
 * naming the field.
 */
export function sumPercpu<T>(values: readonly T[]): T {
  if (values.length === 0) throw new TypeError('there is no value of any CPU');
  return values.reduce((sum, value) => add(sum, value, '') as T);
}

function add(a: unknown, b: unknown, path: string): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b;
  if (isList(a) && isList(b)) return Array.from(a, (value, i) => add(value, b[i], `${path}[${i}]`));
  if (typeof a === 'object' && a && typeof b === 'object' && b)
    return Object.fromEntries(
      Object.entries(a).map(([name, value]) => [
        name,
        add(value, (b as Record<string, unknown>)[name], path ? `${path}.${name}` : name),
      ]),
    );
  throw new TypeError(`${path || 'the value'}: ${a === null ? 'null' : typeof a}, which cannot be added up`);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}
