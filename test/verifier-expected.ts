import type { Test } from 'tap';
import { hintFor } from '../src/programs/verifier/verifier-hints.js';
import type { VerifierFault } from '../src/programs/verifier/verifier-log.js';
import type { FaultResult } from './verifier-faults.js';

/** What is expected of a program's fault on all kernels that examine it. */
interface Expected {
  readonly reason: RegExp;
  /** Part of the line of C. */
  readonly source?: string;
  readonly instruction?: RegExp;
  readonly helper?: string;
  readonly register?: string;
  /** Words of the advice. */
  readonly hint: RegExp;
}

const expectedFaults: Readonly<Record<string, Expected>> = {
  null_check: {
    reason: /R0 invalid mem access 'map_value_or_null'/,
    source: 'value->count = 1;',
    instruction: /^8: \(63\) \*\(u32 \*\)\(r0 \+0\) = r1$/,
    register: 'R0',
    hint: /may be NULL/,
  },
  unbounded_index: {
    reason: /unbounded memory access/,
    source: 'value->text[skb->len] = 1;',
    register: 'R0',
    hint: /not proven to be inside/,
  },
  index_too_large: {
    reason: /value_size=64 off=131 size=1; R0 max value is outside/,
    source: 'value->text[skb->len & 127] = 1;',
    register: 'R0',
    hint: /not proven to be inside/,
  },
  signed_index: {
    reason: /value -2147483648 makes map_value pointer/,
    source: 'value->text[at] = 1;',
    instruction: /r0 \+= r1$/,
    hint: /unsigned/,
  },
  packet_unchecked: {
    reason: /invalid access to packet, off=13 size=1/,
    source: 'return data[13];',
    register: 'R1',
    hint: /data_end/,
  },
  combined_stack: { reason: /combined stack size of 2 calls is 7\d\d/, hint: /512 bytes/ },
  lock_held: {
    reason: /bpf_spin_unlock is missing|bpf_spin_lock-ed region/,
    instruction: /exit$/,
    hint: /bpf_spin_unlock\(\)/,
  },
  call_under_lock: {
    reason: /function calls are not allowed while holding a lock/,
    source: 'locked->count = bpf_get_prandom_u32();',
    helper: 'bpf_get_prandom_u32',
    hint: /before bpf_spin_lock/,
  },
  write_to_constant: { reason: /write into map forbidden/, source: 'limits[1] = 7', hint: /read-only/ },
  context_field: { reason: /invalid bpf_context access off=192 size=4/, hint: /context/ },
  pointer_arithmetic: {
    reason: /R0 pointer arithmetic with <<= operator prohibited/,
    register: 'R0',
    hint: /added to and subtracted from/,
  },
  global_argument: {
    reason: /R1 invalid mem access 'mem_or_null'|Arg#0 type PTR in first_byte\(\) is not supported yet/,
    hint: /global function/,
  },
  unbounded_size: {
    reason: /R2 unbounded memory access/,
    helper: 'bpf_probe_read_kernel',
    register: 'R2',
    hint: /not proven to be inside/,
  },
  leaked_reference: {
    reason: /Unreleased reference id=2 alloc_insn=4/,
    instruction: /exit$/,
    hint: /given back on every path/,
  },
  number_as_pointer: { reason: /R0 invalid mem access '(inv|scalar)'/, hint: /plain number/, register: 'R0' },
  wrong_helper: {
    reason: /(unknown func|cannot use helper) bpf_skb_load_bytes#26/,
    helper: 'bpf_skb_load_bytes',
    hint: /program type/,
  },
  wrong_argument: {
    reason: /R2 type=(inv|scalar) expected=fp/,
    helper: 'bpf_map_lookup_elem',
    register: 'R2',
    hint: /another kind of argument/,
  },
  gpl_only: {
    reason: /cannot call GPL-restricted function/,
    helper: 'bpf_get_current_task',
    hint: /LICENSE/,
  },
  helper_of_sleepable: {
    reason: /unknown func bpf_copy_from_user|might sleep|sleepable helper/,
    helper: 'bpf_copy_from_user',
    hint: /program type|sleepable/,
  },
  stack_limit: { reason: /invalid write to stack R10 off=-520/, hint: /512 bytes/ },
  misaligned: { reason: /misaligned stack access off .*-12 size 8/, hint: /multiple of its size/ },
  unset_register: { reason: /R7 !read_ok/, register: 'R7', hint: /before it is set/ },
  unset_stack: { reason: /invalid indirect read from stack R2 off -4\+0 size 4/, hint: /before it is set/ },
  endless_loop: {
    reason: /infinite loop detected at insn 0/,
    source: 'while (bpf_get_prandom_u32() != 7)',
    instruction: /if w0 != 0x7 goto pc-2$/,
    hint: /loop end/,
  },
  too_many_jumps: { reason: /sequence of 8193 jumps is too complex/, hint: /Too many paths/ },
  too_many_insns: {
    reason: /BPF program is too large\. Processed 1000001 insn/,
    hint: /Too many paths/,
  },
  unreachable: { reason: /unreachable insn 2/, hint: /no path reaches/ },
  dynptr_unset: {
    reason: /Expected an initialized dynptr/,
    helper: 'bpf_dynptr_read',
    hint: /dynptr/,
  },
  may_goto: { reason: /R7 !read_ok/, register: 'R7', hint: /before it is set/ },
  return_value: {
    reason: /At program exit the register R0 has/,
    register: 'R0',
    hint: /return only certain values/,
  },
  kfunc_not_allowed: {
    reason: /calling kernel function bpf_task_from_pid is not allowed/,
    helper: 'bpf_task_from_pid',
    hint: /program type/,
  },
  kfunc_null_argument: {
    reason: /Possibly NULL pointer passed to trusted/,
    hint: /may be NULL/,
  },
  kfunc_wrong_argument: {
    reason: /must point to scalar, or struct with scalar|expects referenced PTR_TO_BTF_ID/,
    helper: 'bpf_task_release',
    hint: /kfunc/,
  },
  leaked_task: {
    reason: /Unreleased reference id=2 alloc_insn=2/,
    hint: /given back on every path/,
  },
  rcu_held: {
    reason: /bpf_rcu_read_(lock-ed region|unlock is missing)/,
    hint: /bpf_rcu_read_unlock\(\)/,
  },
  throw_with_reference: {
    reason: /Unreleased reference id=2/,
    hint: /given back/,
  },
};

/** Programs that newer kernels take: stack that is read before it is set, since 6.1 for those who may read kernel memory. */
const mayLoad = ['unset_stack'];
/** On kernels that lack what a program uses it meets the instruction that stands for that. */
const lacking = /^(invalid func unknown#\d+|unknown opcode e5)$/;

/** Checks what was found in the log of one of the programs. */
export function checkFault(t: Test, name: string, { outcome }: FaultResult, fault: VerifierFault): void {
  if (outcome === 'loads') {
    t.ok(mayLoad.includes(name), `${name} may load`);
    return;
  }
  const { reason = '' } = fault;
  if (lacking.test(reason)) {
    t.match(name, /kfunc|missing_member|task|rcu|throw|dynptr|may_goto/, `${name}: ${reason}`);
    t.type(hintFor(reason), 'string', 'advice');
    return;
  }
  const expected = expectedFaults[name];
  if (!expected) {
    t.fail(`${name} is not expected to say ${reason}`);
    return;
  }
  t.match(reason, expected.reason, `${name}: ${reason}`);
  t.match(hintFor(reason), expected.hint, 'advice');
  if (expected.source) t.match(fault.source?.text, expected.source, 'line of C');
  if (expected.instruction) t.match(fault.instruction, expected.instruction, 'instruction');
  if (expected.helper) t.equal(fault.helper, expected.helper, 'helper');
  if (expected.register) t.equal(fault.register, expected.register, 'register');
  if (/Unreleased/.test(reason))
    t.match(fault.taken?.text, /bpf_ringbuf_reserve|bpf_task_from_pid/, 'where it was taken');
}
