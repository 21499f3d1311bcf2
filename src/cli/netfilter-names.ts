/** By `NFPROTO_*`, and of those by `enum nf_inet_hooks`; arp numbers its hooks by itself. */
const families: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
};
const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const arpHooks = ['input', 'output', 'forward'];

/** What a hook of netfilter is called; undefined what has no name. */
export function netfilterNames(
  pf: number,
  hook: number,
): { readonly family: string | undefined; readonly hook: string | undefined } {
  const family = families[pf];
  const names = family === 'arp' ? arpHooks : family === undefined || family === 'netdev' ? [] : hooks;
  return { family, hook: names[hook] };
}
