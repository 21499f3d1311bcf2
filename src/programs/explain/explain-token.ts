import { readFileSync } from 'node:fs';
import { BpfAttachType, BpfCmd, BpfMapType, BpfProgType, enumName } from '../../abi/index.js';
import type { Cause } from '../../kernel/index.js';
import type { AttrRecord } from '../../syscall/index.js';

/** What a token delegates, by kind: bits of the enums, or all. */
interface Delegated {
  readonly cmds: bigint;
  readonly maps: bigint;
  readonly progs: bigint;
  readonly attachs: bigint;
}

/** Why a call by way of a token was forbidden: what of it the token does not delegate (kernel/bpf/token.c, syscall.c). */
export function explainTokenRefusal(token: number, cmd: number, attr: AttrRecord): Cause | undefined {
  const delegated = readDelegated(token);
  if (!delegated) return undefined;
  const number = (field: string): number => Number(attr[field] ?? 0);
  const lacks = (bits: bigint, value: number): boolean => ((bits >> BigInt(value)) & 1n) === 0n;
  const missing: [option: string, name: string | undefined][] = [];
  if (lacks(delegated.cmds, cmd)) missing.push(['delegate_cmds', enumName(BpfCmd, cmd)]);
  if (cmd === BpfCmd.BPF_MAP_CREATE && lacks(delegated.maps, number('map_type')))
    missing.push(['delegate_maps', enumName(BpfMapType, number('map_type'))]);
  if (cmd === BpfCmd.BPF_PROG_LOAD && lacks(delegated.progs, number('prog_type')))
    missing.push(['delegate_progs', enumName(BpfProgType, number('prog_type'))]);
  if (cmd === BpfCmd.BPF_PROG_LOAD && lacks(delegated.attachs, number('expected_attach_type')))
    missing.push(['delegate_attachs', enumName(BpfAttachType, number('expected_attach_type'))]);
  if (missing.length === 0)
    return {
      reason:
        'the token delegates this, but the process lacks a capability in its user namespace (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN)',
    };
  return {
    reason: `the BPF token does not delegate ${missing.map(([, name]) => name).join(' and ')}`,
    advice: `Who mounts its bpf file system on the host has to name it in ${missing.map(([option]) => option).join(' and ')}.`,
  };
}

/** From its fdinfo, which says `any` or the bits of each. */
function readDelegated(token: number): Delegated | undefined {
  let info: string;
  try {
    info = readFileSync(`/proc/self/fdinfo/${token}`, 'utf8');
  } catch {
    return undefined;
  }
  const bits = (kind: string): bigint | undefined => {
    const text = new RegExp(`^allowed_${kind}:\\s*(any|0x[0-9a-f]+)$`, 'm').exec(info)?.[1];
    return text === undefined ? undefined : text === 'any' ? ~0n : BigInt(text);
  };
  const [cmds, maps, progs, attachs] = ['cmds', 'maps', 'progs', 'attachs'].map(bits);
  if (cmds === undefined || maps === undefined || progs === undefined || attachs === undefined)
    return undefined;
  return { cmds, maps, progs, attachs };
}
