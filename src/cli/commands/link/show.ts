import { type Holder, holders, kernelFunctions, pinnedPaths } from '../../../kernel/index.js';
import { type LinkInfo, listLinks, openLink, openProgram } from '../../../programs/index.js';
import { BpfError } from '../../../syscall/index.js';
import { exactJson } from '../../exact-json.js';
import { type FunctionName, type LinkFacts, linkRecord } from '../../link-record.js';
import { linkText } from '../../link-text.js';
import { print, printLines } from '../../output.js';
import { Words } from '../../words.js';
import { takeLink } from './select.js';

export interface ShowOptions {
  readonly json?: boolean;
  /** Paths where the links are pinned, too. */
  readonly bpffs?: boolean;
}

/** `rawbpf link show [LINK]`: what is attached to what: one link, or all that the kernel has. */
export async function showLinks(args: readonly string[], { json, bpffs }: ShowOptions): Promise<void> {
  // Before anything is open here: what this process holds is of no interest.
  const held = holders('link');
  const pins = bpffs ? pinnedPaths('link') : undefined;
  const infos = args.length === 0 ? [...listLinks()] : [selected(args)];
  const facts = factsOf(infos, held, pins);
  if (!json) return await printLines(facts.map(linkText));
  const records = facts.map(linkRecord);
  await print(exactJson(args.length > 0 ? records[0] : records));
}

function selected(args: readonly string[]): LinkInfo {
  const words = new Words(args);
  const source = takeLink(words);
  words.end();
  using link = openLink(source);
  return link.info();
}

function factsOf(
  infos: readonly LinkInfo[],
  held: ReadonlyMap<number, readonly Holder[]>,
  pins: ReadonlyMap<number, readonly string[]> | undefined,
): LinkFacts[] {
  const symbols = symbolsOf(infos);
  return infos.map(info => ({
    info,
    progType: info.typeName === 'tracing' ? progTypeOf(info.progId) : undefined,
    // bpftool has the list, empty or not, when any link is pinned.
    pinned: pins && pins.size > 0 ? (pins.get(info.id) ?? []) : undefined,
    holders: held.get(info.id),
    symbols,
  }));
}

function progTypeOf(id: number): string | number | undefined {
  try {
    using program = openProgram({ id });
    const { type, typeName } = program.info();
    return typeName.startsWith('unknown') ? type : typeName;
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

/** Bytes of the instruction that functions begin with where CONFIG_X86_KERNEL_IBT is set; probes are behind it. */
const endbr = 4n;

/** The functions at the addresses of the links' probes. */
function symbolsOf(infos: readonly LinkInfo[]): ReadonlyMap<bigint, FunctionName> {
  const found = new Map<bigint, FunctionName>();
  const probed = infos.flatMap(info => (info.typeName === 'kprobe_multi' ? (info.functions ?? []) : []));
  const addresses = new Set(probed.map(({ address }) => address).filter(address => address !== 0n));
  if (addresses.size === 0) return found;
  const behind = new Map<bigint, FunctionName>();
  for (const { address, name, module } of kernelFunctions()) {
    if (addresses.has(address) && !found.has(address)) found.set(address, { name, module });
    if (addresses.has(address + endbr)) behind.set(address + endbr, { name, module });
  }
  return new Map([...behind, ...found]);
}
