/** The name of `value` in one of the generated enums, e.g. `enumName(BpfMapType, 1)` is `BPF_MAP_TYPE_HASH`; undefined for a value it does not have. */
export function enumName(
  constants: Readonly<Record<string, number | bigint>>,
  value: number | bigint,
): string | undefined {
  let names = cache.get(constants);
  if (!names) {
    names = new Map();
    // The first name wins: the kernel lists a deprecated alias after the name that replaced it.
    for (const [name, number] of Object.entries(constants))
      if (!names.has(Number(number))) names.set(Number(number), name);
    cache.set(constants, names);
  }
  return names.get(Number(value));
}

const cache = new WeakMap<object, Map<number, string>>();
