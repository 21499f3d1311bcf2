import { BpfCmd, BpfFlags, bpfAttr, hostEndian, type Struct } from '../abi/index.js';
import type { Sys } from './sys.js';

interface TokenFields {
  /** Offsets in the attr. */
  readonly flags: number;
  readonly fd: number;
}

/** Where commands that a BPF token can stand behind take it, by `enum bpf_cmd` (include/uapi/linux/bpf.h). */
const tokenFields = new Map<number, TokenFields>([
  [BpfCmd.BPF_MAP_CREATE, fieldsOf(bpfAttr.map_create[0], 'map_flags', 'map_token_fd')],
  [BpfCmd.BPF_PROG_LOAD, fieldsOf(bpfAttr.prog_load[0], 'prog_flags', 'prog_token_fd')],
  [BpfCmd.BPF_BTF_LOAD, fieldsOf(bpfAttr.btf_load[0], 'btf_flags', 'btf_token_fd')],
]);

/**
 * `sys` with a BPF token (the fd of BPF_TOKEN_CREATE, Linux 6.9) in every call that takes one: what a probe, a map or a program then may do is what
 * the token delegates. The token is the caller's to close.
 */
export function withToken(sys: Sys, token: number): Sys {
  const bpf: Sys['bpf'] = (cmd, attr, size, ...rest) => {
    const fields = tokenFields.get(cmd);
    if (!fields) return sys.bpf(cmd, attr, size, ...rest);
    const view = new DataView(attr.buffer, attr.byteOffset, attr.byteLength);
    const little = hostEndian === 'little';
    const flags = view.getUint32(fields.flags, little);
    view.setUint32(fields.flags, flags | BpfFlags.BPF_F_TOKEN_FD, little);
    view.setInt32(fields.fd, token, little);
    return sys.bpf(cmd, attr, Math.max(size, fields.fd + 4), ...rest);
  };
  const proxy = new Proxy(sys, {
    get(target, name) {
      if (name === 'bpf') return bpf;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  tokens.set(proxy, token);
  return proxy;
}

const tokens = new WeakMap<Sys, number>();

/** The fd of the token that stands behind the calls of a {@link Sys}. */
export function tokenOf(sys: Sys): number | undefined {
  return tokens.get(sys);
}

function fieldsOf(schema: Struct, flags: string, fd: string): TokenFields {
  const offset = (name: string): number => schema.fields.find(field => field.name === name)!.offset;
  return { flags: offset(flags), fd: offset(fd) };
}
