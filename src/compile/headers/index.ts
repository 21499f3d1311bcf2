import { bpfCoreRead } from './bpf-core-read.js';
import { bpfEndian } from './bpf-endian.js';
import { bpfHelpers } from './bpf-helpers.js';
import { bpfTracing } from './bpf-tracing.js';
import { helperDefs } from './helper-defs.js';
import { usdtBpf } from './usdt-bpf.js';

/** The headers that rawbpf brings along, by path. What they have has the names that sources use, and does what they expect of libbpf's. */
export function ownHeaders(): Readonly<Record<string, string>> {
  return {
    'bpf/bpf_core_read.h': bpfCoreRead(),
    'bpf/bpf_endian.h': bpfEndian(),
    'bpf/bpf_helper_defs.h': helperDefs(),
    'bpf/bpf_helpers.h': bpfHelpers(),
    'bpf/bpf_tracing.h': bpfTracing(),
    'bpf/usdt.bpf.h': usdtBpf(),
  };
}
