import {
  type DecodedRecord,
  PerfEventReadFormat,
  PerfEventSampleFormat,
  PerfHwId,
  PerfSwIds,
  PerfTypeId,
  perfEventAttr,
  perfEventAttrBits,
} from '../../abi/index.js';
import { type Choice, choice, choiceText, type Flags, flagsText } from './constants.js';
import type { FullOptions } from './options.js';
import { hex } from './quote.js';

const everything = Number.POSITIVE_INFINITY;
const eventTypes = choice(PerfTypeId, everything, 'PERF_TYPE_???');
const hardwareEvents = choice(PerfHwId, everything, 'PERF_COUNT_HW_???');
const softwareEvents = choice(PerfSwIds, everything, 'PERF_COUNT_SW_???');
const sampleFlags = flagSet(PerfEventSampleFormat, 'PERF_SAMPLE_???');
const readFlags = flagSet(PerfEventReadFormat, 'PERF_FORMAT_???');
const sizes: Choice = {
  names: new Map(
    [64, 72, 80, 96, 104, 112, 120, 128, 136].map((size, i) => [size, `PERF_ATTR_SIZE_VER${i}`]),
  ),
  last: 128,
  unknown: 'PERF_ATTR_SIZE_???',
};
const cacheIds = ['L1D', 'L1I', 'LL', 'DTLB', 'ITLB', 'BPU', 'NODE'];
const cacheOps = ['OP_READ', 'OP_WRITE', 'OP_PREFETCH'];
const cacheResults = ['RESULT_ACCESS', 'RESULT_MISS'];
const skids = ['arbitrary skid', 'constant skid', 'requested to have 0 skid', 'must have 0 skid'];
const breakpoints = ['EMPTY', 'R', 'W', 'RW', 'X'];
const branchBits = [
  ...['USER', 'KERNEL', 'HV', 'ANY', 'ANY_CALL', 'ANY_RETURN', 'IND_CALL', 'ABORT_TX', 'IN_TX', 'NO_TX'],
  ...[
    'COND',
    'CALL_STACK',
    'IND_JUMP',
    'CALL',
    'NO_FLAGS',
    'NO_CYCLES',
    'TYPE_SAVE',
    'HW_INDEX',
    'PRIV_SAVE',
  ],
];
const branchFlags: Flags = {
  names: branchBits.map((name, bit) => [`PERF_SAMPLE_BRANCH_${name}`, 2 ** bit]),
  known: branchBits.length,
  unknown: 'PERF_SAMPLE_BRANCH_???',
};
const PERF_SAMPLE_BRANCH_STACK = 2048n;
const PERF_SAMPLE_STACK_USER = 8192n;
/** PERF_ATTR_SIZE_VER0: what a size of 0 means. */
const firstSize = 64;
/** PERF_ATTR_SIZE_VER7: all that strace 6.1 knows. */
const lastSize = 128;
/** The flags from this bit on are newer than strace 6.1. */
const firstNewBit = 38;

function flagSet(constants: Readonly<Record<string, number | bigint>>, unknown: string): Flags {
  const names = Object.entries(constants)
    .map(([name, value]) => [name, Number(value)] as const)
    .filter(([name, value]) => Number.isInteger(Math.log2(value)) && !name.endsWith('_MAX'));
  return { names, known: names.length, unknown };
}

/** A `struct perf_event_attr`: abbreviated as strace does, or all of it with `verbose`. `newSize` is the size that the kernel wrote back. */
export function perfEventAttrText(
  bytes: Uint8Array,
  options: FullOptions,
  newSize: number | undefined,
): string {
  const attr = perfEventAttr.decode(bytes);
  const size = Number(attr['size']);
  // What strace reads: without -v only as far as the flags.
  const read = options.verbose
    ? Math.min(size || firstSize, options.teach ? perfEventAttr.size : lastSize)
    : perfEventAttr.offsetOf('wakeup_events');
  const fields = [
    ...eventFields(attr, options, newSize),
    ...(options.verbose ? verboseFields(attr, read) : []),
  ];
  if (size ? size > read : read < firstSize) fields.push('...');
  return `{${fields.join(', ')}}`;
}

function bit(attr: DecodedRecord, name: keyof typeof perfEventAttrBits): bigint {
  const [shift, width] = perfEventAttrBits[name];
  return ((attr['disabled_bits'] as bigint) >> BigInt(shift)) & ((1n << BigInt(width)) - 1n);
}

function eventFields(attr: DecodedRecord, options: FullOptions, newSize: number | undefined): string[] {
  const { type, size, config, sample_period, sample_type, read_format } = attr as Record<string, bigint>;
  const changedSize = newSize === undefined ? '' : ` => ${choiceText(sizes, newSize, options.teach)}`;
  const fields = [
    `type=${choiceText(eventTypes, type!, options.teach)}`,
    `size=${choiceText(sizes, size!, options.teach)}${changedSize}`,
    `config=${configText(Number(type), config!, options)}`,
    `${bit(attr, 'freq') ? 'sample_freq' : 'sample_period'}=${sample_period}`,
    `sample_type=${flagsText(sampleFlags, sample_type!, options.teach)}`,
    `read_format=${flagsText(readFlags, read_format!, options.teach)}`,
  ];
  for (const name of Object.keys(perfEventAttrBits) as (keyof typeof perfEventAttrBits)[]) {
    const value = bit(attr, name);
    if (!options.teach && perfEventAttrBits[name][0] >= firstNewBit) continue;
    if (name === 'precise_ip') fields.push(`precise_ip=${value} /* ${skids[Number(value)]} */`);
    else if (options.verbose || value) fields.push(`${name}=${value}`);
  }
  const newBits = (attr['disabled_bits'] as bigint) >> BigInt(firstNewBit);
  if (newBits && !options.teach) fields.push(`__reserved_1=${hex(newBits)} /* Bits 63..38 */`);
  return fields;
}

function configText(type: number, config: bigint, { teach }: FullOptions): string {
  const pmu = config >> 32n ? `${hex(config >> 32n)}<<32|` : '';
  const event = config & 0xffff_ffffn;
  switch (type) {
    case PerfTypeId.PERF_TYPE_HARDWARE:
      return pmu + choiceText(hardwareEvents, event, teach);
    case PerfTypeId.PERF_TYPE_SOFTWARE:
      return choiceText(softwareEvents, config, teach);
    case PerfTypeId.PERF_TYPE_TRACEPOINT:
      return String(config);
    case PerfTypeId.PERF_TYPE_HW_CACHE: {
      const part = (names: readonly string[], shift: bigint, prefix = ''): string => {
        const value = (event >> shift) & 255n;
        const name = names[Number(value)];
        return name ? `PERF_COUNT_HW_CACHE_${name}` : `${hex(value)} /* PERF_COUNT_HW_CACHE_${prefix}??? */`;
      };
      const high = event >> 24n ? `${hex(event >> 24n)}<<24|` : '';
      const [result, operation] = [part(cacheResults, 16n, 'RESULT_'), part(cacheOps, 8n, 'OP_')];
      return `${pmu}${high}${result}<<16|${operation}<<8|${part(cacheIds, 0n)}`;
    }
    default:
      return hex(config);
  }
}

/** The fields after the flags, those that the size reaches. */
function verboseFields(attr: DecodedRecord, size: number): string[] {
  const values = attr as Record<string, number | bigint>;
  const isBreakpoint = values['type'] === PerfTypeId.PERF_TYPE_BREAKPOINT;
  const samples = BigInt(values['sample_type']!);
  const fields = [
    `${bit(attr, 'watermark') ? 'wakeup_watermark' : 'wakeup_events'}=${values['wakeup_events']}`,
  ];
  if (isBreakpoint) fields.push(`bp_type=${breakpointText(Number(values['bp_type']))}`);
  fields.push(`${isBreakpoint ? 'bp_addr' : 'config1'}=${hex(values['bp_addr']!)}`);
  const optional: readonly (readonly [field: string, text: string | undefined])[] = [
    ['bp_len', isBreakpoint ? `bp_len=${values['bp_len']}` : `config2=${hex(values['bp_len']!)}`],
    [
      'branch_sample_type',
      samples & PERF_SAMPLE_BRANCH_STACK
        ? `branch_sample_type=${flagsText(branchFlags, values['branch_sample_type']!, false)}`
        : undefined,
    ],
    ['sample_regs_user', `sample_regs_user=${hex(values['sample_regs_user']!)}`],
    [
      'sample_stack_user',
      samples & PERF_SAMPLE_STACK_USER ? `sample_stack_user=${hex(values['sample_stack_user']!)}` : undefined,
    ],
    ['clockid', bit(attr, 'use_clockid') ? `clockid=${clockText(Number(values['clockid']))}` : undefined],
    ['sample_regs_intr', `sample_regs_intr=${hex(values['sample_regs_intr']!)}`],
    ['aux_watermark', `aux_watermark=${values['aux_watermark']}`],
    ['sample_max_stack', `sample_max_stack=${values['sample_max_stack']}`],
    ['aux_sample_size', `aux_sample_size=${values['aux_sample_size']}`],
    ['sig_data', `sig_data=${hex(values['sig_data']!)}`],
    ['config3', `config3=${hex(values['config3']!)}`],
  ];
  for (const [field, text] of optional)
    if (text !== undefined && perfEventAttr.offsetOf(field) < size) fields.push(text);
  return fields;
}

function breakpointText(type: number): string {
  const name = breakpoints[type];
  if (name) return `HW_BREAKPOINT_${name}`;
  return `${hex(type)} /* HW_BREAKPOINT_${type <= 7 ? 'INVALID' : '???'} */`;
}

const clocks =
  'REALTIME MONOTONIC PROCESS_CPUTIME_ID THREAD_CPUTIME_ID MONOTONIC_RAW REALTIME_COARSE MONOTONIC_COARSE BOOTTIME REALTIME_ALARM BOOTTIME_ALARM SGI_CYCLE TAI';
function clockText(id: number): string {
  const name = clocks.split(' ')[id];
  return name ? `CLOCK_${name}` : `${hex(id >>> 0)} /* CLOCK_??? */`;
}
