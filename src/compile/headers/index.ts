/** The headers that rawbpf brings along, by path. */
export function ownHeaders(): Readonly<Record<string, string>> {
  return {};
}
