/** A name without its flavour: `task_struct___old` → `task_struct` (libbpf: bpf_core_essential_name_len). */
export function essentialName(name: string): string {
  const end = flavourStart(name);
  return end < 0 ? name : name.slice(0, end);
}

/** Where the `___` that begins a flavour stands, with another character before and behind it; -1 when there is none. */
function flavourStart(name: string): number {
  for (let at = name.lastIndexOf('___'); at > 0; at = name.lastIndexOf('___', at - 1))
    if (name[at - 1] !== '_' && at + 3 < name.length && name[at + 3] !== '_') return at;
  return -1;
}
