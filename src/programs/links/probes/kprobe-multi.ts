import { BpfAttachType, BpfFlags } from '../../../abi/index.js';
import { matchingFunctions } from '../../../kernel/index.js';
import type { Sys } from '../../../syscall/index.js';
import type { Attachable } from '../attachable.js';
import { createLink } from '../bpf-link.js';
import type { LinkParts } from '../link.js';
import { explainKprobeMulti } from './kprobe-multi-explain.js';

/** Many kernel functions by one link. Linux 5.18, built with CONFIG_FPROBE. One of `pattern`, `symbols` and `addresses` says which. */
export interface KprobeMultiTarget {
  readonly kind: 'kprobe_multi';
  /** With `*` and `?`, e.g. `tcp_*`: all functions that can be probed and match. Throws when there are none. */
  readonly pattern?: string;
  /** Each of them has to be there. */
  readonly symbols?: readonly string[];
  /** Of functions' starts, as `/proc/kallsyms` has them. */
  readonly addresses?: readonly bigint[] | BigUint64Array;
  /** One for each symbol or address, in their order: what `bpf_get_attach_cookie()` answers there. Default 0. */
  readonly cookies?: readonly bigint[] | BigUint64Array;
  /** Run when the functions return. */
  readonly retprobe?: boolean;
  /** Run at both ends of a call (Linux 6.10). Default: as the program was loaded. */
  readonly session?: boolean;
}

/**
 * Attaches to many kernel functions at once: bpf_kprobe_multi_link_attach() in kernel/trace/bpf_trace.c. Thousands of functions are one call. Throws TypeError for a
 * target that is not complete, UnsupportedFeatureError, or BpfError that says which symbol is amiss.
 */
export function attachKprobeMulti(program: Attachable, target: KprobeMultiTarget): LinkParts {
  const { cookies, retprobe = false } = target;
  const session = target.session ?? program.spec.attachType === BpfAttachType.BPF_TRACE_KPROBE_SESSION;
  if (retprobe && session)
    throw new TypeError('kprobe_multi: a session runs at both ends: leave retprobe out');
  const { functions, cnt, name, symbols } = functionsOf(program, target);
  if (cookies && cookies.length !== cnt)
    throw new TypeError(`kprobe_multi: ${cookies.length} cookies for ${cnt} functions`);
  const explain = (errno: number) => explainKprobeMulti(program, { symbols, session, cnt }, errno);
  return createLink(
    program,
    { kind: 'kprobe_multi', target: name, explain },
    {
      attach_type: session ? BpfAttachType.BPF_TRACE_KPROBE_SESSION : BpfAttachType.BPF_TRACE_KPROBE_MULTI,
      kprobe_multi: {
        flags: retprobe ? BpfFlags.BPF_F_KPROBE_MULTI_RETURN : 0,
        cnt,
        ...functions,
        ...(cookies ? { cookies: words(cookies) } : {}),
      },
    },
  );
}

interface Functions {
  readonly functions: { readonly syms: Uint8Array } | { readonly addrs: Uint8Array };
  readonly cnt: number;
  /** For messages. */
  readonly name: string;
  /** Where they are by name. */
  readonly symbols?: readonly string[];
}

function functionsOf({ sys }: Attachable, target: KprobeMultiTarget): Functions {
  const { pattern, symbols, addresses, cookies } = target;
  if ([pattern, symbols, addresses].filter(way => way !== undefined).length !== 1)
    throw new TypeError('kprobe_multi: give one of pattern, symbols and addresses');
  if (pattern !== undefined && cookies)
    throw new TypeError('kprobe_multi: cookies: the order of what matches a pattern is not known');
  const bySymbol = (names: readonly string[], name: string): Functions => ({
    functions: { syms: pointersTo(sys, names) },
    cnt: names.length,
    name,
    symbols: names,
  });
  const byAddress = (places: readonly bigint[] | BigUint64Array, name: string): Functions => ({
    functions: { addrs: words(places) },
    cnt: places.length,
    name,
  });
  if (pattern !== undefined) {
    if (!/[*?]/.test(pattern)) return bySymbol([pattern], pattern);
    const found = matchingFunctions(sys, pattern);
    return 'names' in found ? bySymbol(found.names, pattern) : byAddress(found.addresses, pattern);
  }
  const [count, first] = symbols
    ? [symbols.length, symbols[0]]
    : [addresses!.length, `0x${(addresses![0] ?? 0n).toString(16)}`];
  if (count === 0) throw new TypeError('kprobe_multi: no function is given');
  const name = count === 1 ? `${first}` : `${count} functions (${first}, …)`;
  return symbols ? bySymbol(symbols, name) : byAddress(addresses!, name);
}

function words(numbers: readonly bigint[] | BigUint64Array): Uint8Array {
  const array = numbers instanceof BigUint64Array ? numbers : BigUint64Array.from(numbers);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Pointers to strings, and after them, in the same memory, so that it lives as long as they do, the strings. */
function pointersTo(sys: Sys, strings: readonly string[]): Uint8Array {
  const texts = strings.map(text => Buffer.from(`${text}\0`));
  const memory = new Uint8Array(8 * texts.length + texts.reduce((size, { length }) => size + length, 0));
  const pointers = new BigUint64Array(memory.buffer, 0, texts.length);
  const start = sys.addressOf(memory);
  let offset = 8 * texts.length;
  texts.forEach((text, i) => {
    memory.set(text, offset);
    pointers[i] = start + BigInt(offset);
    offset += text.length;
  });
  return memory;
}
