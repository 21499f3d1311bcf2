import { BpfAttachType, BpfCmd, BpfProgType, hostEndian } from '../src/abi/index.js';
import { assemble, exit, mov } from '../src/insn/index.js';
import type { Kernel } from '../src/kernel/index.js';
import { bpf, Errno } from '../src/syscall/index.js';

/**
 * True on a kernel whose vendor turned off the programs that patch its code: the smallest fentry program is EPERM though
 * the smallest tp_btf program, of the same type, loads.
 */
export function deniesPatching(kernel: Kernel): boolean {
  return (
    loads(kernel, BpfAttachType.BPF_TRACE_RAW_TP, kernel.btf?.findByName('btf_trace_sys_enter', 'typedef')) >=
      0 &&
    loads(kernel, BpfAttachType.BPF_TRACE_FENTRY, kernel.btf?.findByName('bpf_fentry_test1', 'func')) ===
      -Errno.EPERM
  );
}

function loads({ sys }: Kernel, attachType: number, btfId: number | undefined): number {
  const insns = assemble([mov(0, 0), exit()], hostEndian);
  const result = bpf(sys, BpfCmd.BPF_PROG_LOAD, {
    prog_type: BpfProgType.BPF_PROG_TYPE_TRACING,
    expected_attach_type: attachType,
    attach_btf_id: btfId ?? 0,
    insn_cnt: insns.length / 8,
    insns,
    license: 'GPL',
  });
  if (result >= 0) sys.close(result);
  return result;
}
