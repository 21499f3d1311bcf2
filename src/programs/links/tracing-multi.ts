import type { BtfTypes } from '../../btf/index.js';
import { UnsupportedFeatureError, versionCode } from '../../kernel/index.js';
import { attachesToMany, ObjectError } from '../../object/index.js';
import { Errno } from '../../syscall/index.js';
import type { RefusedAttach } from './attach-refused.js';
import type { Attachable } from './attachable.js';
import { createLink } from './bpf-link.js';
import type { LinkParts } from './link.js';

/** Kernel functions, all at once, for a program of `fentry.multi`, `fexit.multi` or `fsession.multi`: either a pattern or a list. Linux 7.2. */
export interface TracingMultiTarget {
  readonly kind: 'tracing_multi';
  /** Functions by name, with `*` and `?`; of a kernel module `MODULE:PATTERN`, as the program was loaded for it. Those that cannot be traced are passed over. */
  readonly pattern?: string;
  /** Names of functions. */
  readonly functions?: readonly string[];
  /** What `bpf_get_attach_cookie()` answers, at each of `functions`. */
  readonly cookies?: readonly bigint[];
  /** The same at all of them. Default 0. */
  readonly cookie?: bigint;
}

/**
 * Attaches to many kernel functions by one link (kernel/trace/bpf_trace.c: bpf_tracing_multi_attach). Throws TypeError for a target that is not complete,
 * ObjectError when the kernel has no such function, UnsupportedFeatureError before Linux 7.2.
 */
export function attachTracingMulti(program: Attachable, target: TracingMultiTarget): LinkParts {
  const { file, name, spec, kernel } = program;
  const place = `${file}: program ${name}`;
  if (!attachesToMany(spec))
    throw new TypeError(`${place}: is not of section fentry.multi, fexit.multi or fsession.multi`);
  const { pattern, functions } = target;
  if ((pattern === undefined) === (functions === undefined))
    throw new TypeError(`${place}: either a pattern or functions`);
  if (target.cookies && target.cookies.length !== functions?.length)
    throw new TypeError(`${place}: cookies: one for each of functions`);
  const ids = pattern === undefined ? named(program, functions ?? []) : matching(program, pattern);
  const cookies = target.cookies ?? (target.cookie ? ids.map(() => target.cookie ?? 0n) : undefined);
  return createLink(
    program,
    {
      kind: target.kind,
      target: pattern ?? functions?.join(', ') ?? '',
      explain: errno => explain(errno, kernel.versionCode >= versionCode('7.2')),
    },
    {
      tracing_multi: {
        ids: bytesOf(Uint32Array.from(ids)),
        cnt: ids.length,
        ...(cookies ? { cookies: bytesOf(BigUint64Array.from(cookies)) } : {}),
      },
    },
  );
}

function bytesOf({ buffer }: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(buffer);
}

function named(program: Attachable, functions: readonly string[]): number[] {
  const btf = typesOf(program, moduleOf(program.spec.attachTarget));
  if (functions.length === 0) throw new TypeError(`program ${program.name}: functions: name at least one`);
  return functions.map(name => {
    const id = btf.findByName(name, 'func');
    if (id !== undefined && isTraceable(btf, id)) return id;
    throw missing(program, `function ${name} that can be traced`);
  });
}

function matching(program: Attachable, pattern: string): number[] {
  const btf = typesOf(program, moduleOf(pattern));
  const name = glob(pattern.slice(pattern.indexOf(':') + 1));
  const ids = [...btf.idsOfKind('func')].filter(id => name.test(btf.type(id).name) && isTraceable(btf, id));
  if (ids.length === 0) throw missing(program, `function ${pattern} that can be traced`);
  return ids;
}

function missing({ file, name, kernel }: Attachable, what: string): ObjectError {
  return new ObjectError(file, `program ${name}`, `kernel ${kernel.release} has no ${what} in its BTF`);
}

function moduleOf(target = ''): string | undefined {
  return target.includes(':') ? target.slice(0, target.indexOf(':')) : undefined;
}

function typesOf(program: Attachable, module: string | undefined): BtfTypes {
  const { kernel } = program;
  const btf = module === undefined ? kernel.btf : kernel.modules.find(({ name }) => name === module)?.btf;
  if (btf) return btf;
  if (module !== undefined) throw missing(program, `module ${module}, or it shows none`);
  throw new UnsupportedFeatureError('attaching by BTF', {
    what: `${program.file}: program ${program.name}`,
    reason: `kernel ${kernel.release} shows none (CONFIG_DEBUG_INFO_BTF)`,
  });
}

function glob(pattern: string): RegExp {
  if (!/^[\w.*?]+$/.test(pattern))
    throw new TypeError(
      `pattern: ${JSON.stringify(pattern)}: functions are named by letters, digits, _, ., * and ?`,
    );
  return new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

/** Most arguments that a trampoline passes on (`MAX_BPF_FUNC_ARGS`), and bytes of one. */
const maxArguments = 12;
const maxArgumentBytes = 16;
const passed = new Set(['ptr', 'int', 'enum', 'enum64', 'struct', 'union']);

/** Whether a trampoline can call for a function (kernel/bpf/btf.c: btf_distill_func_proto). */
function isTraceable(btf: BtfTypes, id: number): boolean {
  const func = btf.type(id);
  const proto = func.kind === 'func' ? btf.type(func.type) : undefined;
  if (proto?.kind !== 'func_proto' || proto.params.length > maxArguments) return false;
  const answer = btf.resolved(proto.type);
  if (answer.kind !== 'void' && (!passed.has(answer.kind) || isCompound(answer.kind))) return false;
  return proto.params.every(({ type }) => {
    const { kind } = btf.resolved(type);
    return passed.has(kind) && btf.sizeOf(type) <= maxArgumentBytes && btf.sizeOf(type) > 0;
  });
}

function isCompound(kind: string): boolean {
  return kind === 'struct' || kind === 'union';
}

function explain(errno: number, isNew: boolean): RefusedAttach['cause'] {
  switch (errno) {
    case Errno.EINVAL:
      return isNew
        ? { reason: 'one of the functions cannot be traced, or there are too many' }
        : {
            reason: 'this kernel attaches a program to one function',
            missing: { feature: 'links to many functions', since: '7.2' },
          };
    case Errno.ENOENT:
      return { reason: 'one of the functions is not among those that ftrace can patch' };
    case Errno.EBUSY:
      return { reason: 'the program is attached to one of the functions already' };
    default:
      return undefined;
  }
}
