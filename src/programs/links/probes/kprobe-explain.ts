import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cause,
  type Kernel,
  kernelFunctions,
  nearestNames,
  nearText,
  tracefsPath,
} from '../../../kernel/index.js';
import { Errno, type Sys } from '../../../syscall/index.js';
import type { AttachMode } from './open-perf-event.js';

/** The probe that was refused. */
export interface RefusedKprobe {
  /** Undefined where it is by its address. */
  readonly symbol: string | undefined;
  readonly offset: number;
  readonly retprobe: boolean;
  /** For messages. */
  readonly name: string;
}

/** Why the kernel refused to make a kprobe (kernel/trace/trace_kprobe.c: __register_trace_kprobe; kernel/kprobes.c: check_kprobe_address_safe). Reads what it needs of the symbols only now. */
export function explainKprobe(
  { sys }: { readonly sys: Sys },
  probe: RefusedKprobe,
  syscall: string,
  errno: number,
): Cause | undefined {
  if (syscall === 'open') return explainFile(errno);
  if (syscall !== 'perf_event_open' && syscall !== 'write') return undefined;
  switch (errno) {
    case Errno.ENOENT:
      return probe.symbol === undefined ? undefined : unknownFunction(probe.symbol);
    case Errno.EADDRNOTAVAIL:
      return probe.symbol === undefined ? undefined : duplicateFunction(probe.symbol);
    case Errno.EILSEQ:
      return notAnInstruction(probe);
    case Errno.EINVAL:
      // What is written to kprobe_events is checked as a whole, so that an unknown function is EINVAL there.
      if (syscall === 'write' && probe.symbol !== undefined && !isThere(probe.symbol))
        return unknownFunction(probe.symbol);
      return unfit(sys, probe);
    case Errno.EPERM:
      return syscall === 'write' ? { reason: 'lockdown or a security module forbids kprobes' } : undefined;
    default:
      return undefined;
  }
}

/** Why the kernel has no kprobes at all, or none of this mode. */
export function kprobesOff(
  { kconfig, release }: Kernel,
  mode: AttachMode | undefined,
): { reason: string; advice: string; since?: string } {
  const off = ['CONFIG_KPROBES', 'CONFIG_KPROBE_EVENTS'].find(
    option => kconfig !== undefined && !kconfig.has(option),
  );
  const advice = 'Attach to a tracepoint, or to a function by fentry, instead.';
  if (off) return { reason: `the kernel was built without ${off}`, advice };
  if (mode === 'link' || mode === 'perf')
    return {
      since: '4.17',
      reason: `Linux ${release} has no kprobe PMU in /sys/bus/event_source/devices`,
      advice: "Leave mode out, or let it be 'legacy'.",
    };
  return {
    reason:
      'there is neither a kprobe PMU in /sys/bus/event_source/devices nor kprobe_events in tracefs: it was built without CONFIG_KPROBE_EVENTS',
    advice,
  };
}

function explainFile(errno: number): Cause | undefined {
  if (errno === Errno.EACCES || errno === Errno.EPERM)
    return { reason: 'tracefs is for root only', advice: 'Run it as root.' };
  return errno === Errno.EROFS ? { reason: 'tracefs is mounted read-only here' } : undefined;
}

function unknownFunction(symbol: string): Cause {
  const [name, inModule] = parts(symbol);
  const functions = [...kernelFunctions()].filter(({ module }) => !inModule || module === inModule);
  if (functions.length === 0)
    return inModule
      ? { reason: `no module ${inModule} is loaded, or it has no functions`, advice: `modprobe ${inModule}` }
      : { reason: `this kernel has no function ${name}` };
  const prefix = inModule ? `${inModule}:` : '';
  const made = functions.filter(({ name: other }) => other.startsWith(`${name}.`)).map(f => f.name);
  if (made.length > 0)
    return {
      reason: `this kernel has ${name} only in the form that the compiler made of it: ${[...new Set(made)].join(', ')}`,
      advice: 'Its arguments may differ from those in the source.',
    };
  const near = nearestNames(
    name,
    functions.map(f => f.name),
  ).map(other => prefix + other);
  return {
    reason: `this kernel has no function ${symbol} that can be probed${nearText(near)}`,
    advice: 'A function that the compiler inlined is not there; /proc/kallsyms lists those that are.',
  };
}

function isThere(symbol: string): boolean {
  const [name, inModule] = parts(symbol);
  for (const { module } of kernelFunctions(other => other === name))
    if (!inModule || module === inModule) return true;
  return false;
}

function duplicateFunction(symbol: string): Cause {
  const [name, inModule] = parts(symbol);
  const places = [...kernelFunctions(other => other === name)]
    .filter(({ module }) => !inModule || module === inModule)
    .map(({ address, module }) => `0x${address.toString(16)}${module ? ` (${module})` : ''}`);
  return {
    reason: `there is more than one function ${symbol}${places.length > 1 ? `: at ${places.join(', ')}` : ''}`,
    advice: 'Say by its address which of them is meant, or attach to all of them by kprobe_multi.',
  };
}

function notAnInstruction({ name, offset }: RefusedKprobe): Cause {
  return {
    reason: `${name} is ${offset ? 'not the start of an instruction' : 'no instruction that can be probed'}`,
    advice: 'The disassembly of the function tells where its instructions start.',
  };
}

function unfit(sys: Sys, probe: RefusedKprobe): Cause {
  const { symbol, offset, retprobe, name } = probe;
  if (retprobe && offset !== 0)
    return { reason: 'what runs when a function returns is attached at its start: offset has to be 0' };
  const [bare] = symbol === undefined ? [undefined] : parts(symbol);
  const listed = (path: () => string, pattern: string): boolean | undefined => {
    try {
      return new RegExp(pattern, 'm').test(readFileSync(path(), 'latin1'));
    } catch {
      return undefined;
    }
  };
  const word = bare?.replaceAll('.', '\\.');
  if (word && listed(() => '/sys/kernel/debug/kprobes/blacklist', `\\s${word}$`))
    return { reason: `${bare} is on the blacklist of functions that kprobes themselves depend on` };
  if (word && listed(() => join(tracefsPath(sys), 'available_filter_functions'), `^${word}(\\s|$)`) === false)
    return {
      reason: `${bare} cannot be probed: it is notrace, or on the blacklist of functions that kprobes themselves depend on`,
      advice: 'available_filter_functions in tracefs lists those that can be. Attach to one that calls it.',
    };
  if (offset !== 0) return notAnInstruction(probe);
  return { reason: `${name} cannot be probed: it is on the kprobe blacklist, or beyond the kernel's code` };
}

/** `[FUNCTION, MODULE]` of `MODULE:FUNCTION`. */
function parts(symbol: string): [name: string, module: string | undefined] {
  const colon = symbol.indexOf(':');
  return colon < 0 ? [symbol, undefined] : [symbol.slice(colon + 1), symbol.slice(0, colon)];
}
