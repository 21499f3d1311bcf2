import { BpfAttachType, BpfCmd, BpfFuncId, BpfProgType, hostEndian } from '../../abi/index.js';
import { BPF_CALL, BPF_JMP, decodeInsn, insnCount, insnSize, isLdimm64 } from '../../insn/index.js';
import { ObjectError } from '../object-error.js';
import { matchSection } from '../section-names.js';
import type { ObjectSpec, ProgramSpec } from '../types.js';
import type { ArgCtx } from './arg-ctx.js';
import { attachBtfTarget, attachesByBtf, functionOfProgram, moduleOfMany } from './attach-btf.js';
import { planJumpTable } from './jump-tables.js';
import type { KernelModule, KernelView } from './kernel-view.js';
import { type LinkedProgram, type LinkTarget, linkProgram } from './link-program.js';
import { mapFd } from './plan-maps.js';
import type { StructOps } from './plan-struct-ops.js';
import type { PlanStep } from './plan-types.js';
import type { TargetProgram } from './program-settings.js';

/** `BPF_OBJ_NAME_LEN` without the NUL. */
const maxNameLength = 15;

/** What programs are loaded into. */
export interface ProgramsTarget extends LinkTarget {
  readonly kernel: KernelView;
  /** Modules whose BTF fds go into `fd_array`, from slot 1 on. */
  readonly modules: readonly KernelModule[];
  readonly structOps: StructOps;
  /** Of the programs that are loaded for another one: that, by their name. */
  readonly targets: ReadonlyMap<string, TargetProgram>;
  /** For kernels that do not know tagged arguments. */
  readonly argCtx: ArgCtx | undefined;
  readonly warn: (warning: string) => void;
}

/** The calls that load one program and tie it to the read-only data that its log messages live in. */
export function planProgram(spec: ObjectSpec, program: ProgramSpec, target: ProgramsTarget): PlanStep[] {
  const { kernel, modules } = target;
  const { name, type } = program;
  if (type === undefined)
    throw new ObjectError(
      spec.file,
      `program ${name}`,
      `section ${program.section} says no program type: use one of libbpf's names, as SEC("tracepoint/…") or SEC("xdp")`,
    );
  const linked = linkProgram(spec, program, target);
  requireGlobalData(spec, program, linked, kernel);
  if (!kernel.has('probe_read_kernel')) useOldProbeRead(linked.insns.bytes);
  const fd = `prog:${name}`;
  const steps: PlanStep[] = [
    ...linked.jumpTables.flatMap(table => planJumpTable(table, name)),
    {
      cmd: BpfCmd.BPF_PROG_LOAD,
      attr: {
        prog_type: type,
        insn_cnt: linked.insns.bytes.length / insnSize,
        insns: linked.insns,
        license: spec.license,
        kern_version: spec.version ?? kernel.versionCode,
        prog_flags: program.flags,
        ...(kernel.has('prog_name') ? { prog_name: name.slice(0, maxNameLength) } : {}),
        expected_attach_type: expectedAttachType(program, kernel),
        ...btfInfo(spec, program, linked, target),
        ...attachTarget(spec, program, target),
        ...(modules.length
          ? { fd_array: { pointsTo: [undefined, ...modules.map(m => ({ fd: `btf:${m.name}` }))] } }
          : {}),
      },
      makes: fd,
      what: `program ${name}`,
      onError: 'fail',
      ...(linked.poisoned.length > 0 ? { poisoned: linked.poisoned } : {}),
    },
  ];
  if (!kernel.has('prog_bind_map')) return steps;
  for (const map of spec.maps)
    if (map.internal?.kind === 'rodata' && map.autocreate)
      steps.push({
        cmd: BpfCmd.BPF_PROG_BIND_MAP,
        attr: { prog_fd: { fd }, map_fd: mapFd(map.name), flags: 0 },
        makes: undefined,
        what: `bind ${map.name} to program ${name}`,
        onError: 'ignore',
      });
  return steps;
}

function expectedAttachType(program: ProgramSpec, kernel: KernelView): number {
  // A USDT probe may have many places; one link for all of them needs to be known at load.
  if (/^usdt\b/.test(program.section) && kernel.has('uprobe_multi'))
    return BpfAttachType.BPF_TRACE_UPROBE_MULTI;
  const optional = matchSection(program.section)?.rule.attachTypeOptional;
  return optional && !kernel.has('expected_attach_type') ? 0 : program.attachType;
}

function btfInfo(
  spec: ObjectSpec,
  program: ProgramSpec,
  { funcInfo: linkedInfo, lineInfo }: LinkedProgram,
  { kernel, argCtx }: ProgramsTarget,
): PlanStep['attr'] {
  const funcInfo = linkedInfo && argCtx ? argCtx.apply(program, linkedInfo) : linkedInfo;
  if (!spec.btf || !kernel.has('btf') || !kernel.has('btf_func')) return {};
  return {
    prog_btf_fd: { fd: 'btf' },
    ...(funcInfo
      ? { func_info_rec_size: funcInfo.recordSize, func_info: funcInfo.bytes, func_info_cnt: funcInfo.count }
      : {}),
    ...(lineInfo
      ? { line_info_rec_size: lineInfo.recordSize, line_info: lineInfo.bytes, line_info_cnt: lineInfo.count }
      : {}),
  };
}

function attachTarget(
  spec: ObjectSpec,
  program: ProgramSpec,
  { kernel, structOps, targets, warn }: ProgramsTarget,
): PlanStep['attr'] {
  if (program.type === BpfProgType.BPF_PROG_TYPE_STRUCT_OPS) return structOpsTarget(spec, program, structOps);
  const other = targets.get(program.name);
  if (other) return otherProgram(spec, program, other, warn);
  if (!attachesByBtf(program)) return moduleBtf(moduleOfMany(spec, program, kernel));
  const target = attachBtfTarget(spec, program, kernel);
  if (!target)
    warn(
      `program ${program.name}: attach_btf_id of ${program.attachTarget} is not known without the kernel's BTF`,
    );
  return { attach_btf_id: target?.id ?? 0, ...moduleBtf(target?.module) };
}

function otherProgram(
  spec: ObjectSpec,
  program: ProgramSpec,
  { btf }: TargetProgram,
  warn: ProgramsTarget['warn'],
): PlanStep['attr'] {
  const { name, attachTarget: func } = program;
  const bad = (reason: string) => new ObjectError(spec.file, `program ${name}`, reason);
  if (!attachesByBtf(program))
    throw bad(`a program of section ${program.section} has no target program: fentry, fexit and freplace do`);
  if (!func) throw bad('attachTarget.function: say which function of the target program');
  if (!btf) warn(`program ${name}: attach_btf_id of ${func} is not known without the target program's BTF`);
  return {
    attach_btf_id: btf ? functionOfProgram(spec.file, name, func, btf) : 0,
    attach_prog_fd: { fd: `target:${name}` },
  };
}

function structOpsTarget(spec: ObjectSpec, program: ProgramSpec, { programs }: StructOps): PlanStep['attr'] {
  const target = programs.get(program.name);
  if (!target)
    throw new ObjectError(
      spec.file,
      `program ${program.name}`,
      'no struct_ops map that is created points to it: put it into one in SEC(".struct_ops.link")',
    );
  return {
    expected_attach_type: target.member,
    attach_btf_id: target.typeId,
    ...moduleBtf(target.module),
  };
}

function moduleBtf(module: KernelModule | undefined): PlanStep['attr'] {
  return module ? { attach_btf_obj_fd: { fd: `btf:${module.name}` } } : {};
}

function requireGlobalData(
  spec: ObjectSpec,
  program: ProgramSpec,
  { insns }: LinkedProgram,
  kernel: KernelView,
): void {
  if (kernel.has('global_data')) return;
  const used = spec.maps.find(m => m.internal && insns.fixups.some(f => f.ref.fd === `map:${m.name}`));
  if (used)
    throw new ObjectError(
      spec.file,
      `program ${program.name}`,
      `uses ${used.name}, and kernel ${kernel.release} has no global data (it came with Linux 5.2)`,
    );
}

/** Before Linux 5.5 there was one helper for both kernel and user memory (libbpf: bpf_object__sanitize_prog). */
const oldHelpers = new Map<number, number>([
  [BpfFuncId.BPF_FUNC_probe_read_kernel, BpfFuncId.BPF_FUNC_probe_read],
  [BpfFuncId.BPF_FUNC_probe_read_user, BpfFuncId.BPF_FUNC_probe_read],
  [BpfFuncId.BPF_FUNC_probe_read_kernel_str, BpfFuncId.BPF_FUNC_probe_read_str],
  [BpfFuncId.BPF_FUNC_probe_read_user_str, BpfFuncId.BPF_FUNC_probe_read_str],
]);

function useOldProbeRead(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = insnCount(bytes);
  for (let index = 0; index < slots; index++) {
    const insn = decodeInsn(bytes, index, hostEndian);
    if (isLdimm64(insn)) index++;
    else if (insn.code === (BPF_JMP | BPF_CALL) && insn.src === 0) {
      const old = oldHelpers.get(insn.imm);
      if (old !== undefined) view.setInt32(index * insnSize + 4, old, hostEndian === 'little');
    }
  }
}
