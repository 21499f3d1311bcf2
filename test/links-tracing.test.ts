import { closeSync, openSync } from 'node:fs';
import t, { type Test } from 'tap';
import { BpfObject, Kernel, type Link, liveSys, UnsupportedFeatureError } from '../src/index.js';
import { syscallSymbol, versionCode } from '../src/kernel/index.js';
import { fixture } from './repository.js';
import { MachineLacks, sectionRow } from './section-row.js';

const kernel = Kernel.running(liveSys());
/** The function behind the system call that {@link trigger} makes, by this architecture's name. */
const umask = (): string => syscallSymbol(kernel, 'umask');

function loaded(program: string, attachTarget?: string): BpfObject {
  const object = BpfObject.open(fixture('test-links-tracing'));
  object.globals['pid'] = process.pid;
  return object.load({
    programs: { [program]: { autoload: true, ...(attachTarget === undefined ? {} : { attachTarget }) } },
  });
}

const noBpfLsm = 'bpf not in lsm=';

/** A call of umask(2), and one of openat(2). */
function trigger(): void {
  process.umask();
  closeSync(openSync('/dev/null', 'r'));
}

/** Attaches, sees runs, detaches, sees no more. */
function showRuns(t: Test, object: BpfObject, program: string): void {
  const runs = (): bigint => object.globals['runs'] as bigint;
  trigger();
  t.equal(runs(), 0n, 'nothing before it is attached');
  const link = firstLink(object, program);
  t.ok(link.isBpfLink);
  trigger();
  const seen = runs();
  if (seen === 0n && program.startsWith('on_hook') && !runsBpfLsm()) throw new MachineLacks(noBpfLsm);
  t.ok(seen > 0n, `${seen} runs`);
  link.close();
  const last = runs();
  trigger();
  t.equal(runs(), last, 'none once it is detached');
  attachAgain(t, object, program);
}

function firstLink(object: BpfObject, program: string): Link {
  try {
    return object.program(program).attach();
  } catch (error) {
    if (/not among the security modules/.test((error as Error).message)) throw new MachineLacks(noBpfLsm);
    throw error;
  }
}

function attachAgain(t: Test, object: BpfObject, program: string): void {
  let again: Link;
  try {
    again = object.program(program).attach();
  } catch (error) {
    t.match(error, { since: '5.13' }, 'a program is attached once before Linux 5.13');
    t.ok(kernel.versionCode < versionCode('5.13'));
    return;
  }
  const before = object.globals['runs'] as bigint;
  trigger();
  t.ok((object.globals['runs'] as bigint) > before, 'attached again');
  again.close();
}

const runsBpfLsm = (): boolean =>
  (kernel.kconfig?.get('CONFIG_LSM') ?? 'bpf').replaceAll('"', '').split(',').includes('bpf');

const hooks: readonly (readonly [section: string, program: string, onSyscall: boolean])[] = [
  ['tp_btf', 'on_tp_btf', false],
  ['tp_btf.s', 'on_tp_btf_sleepable', false],
  ['fentry', 'on_entry', true],
  ['fexit', 'on_exit', true],
  ['fentry.s', 'on_entry_sleepable', true],
  ['fexit.s', 'on_exit_sleepable', true],
  ['fmod_ret', 'on_return', false],
  ['fmod_ret.s', 'on_return_sleepable', true],
  ['fsession', 'on_session', true],
  ['fsession.s', 'on_session_sleepable', true],
  ['lsm', 'on_hook', false],
  ['lsm.s', 'on_hook_sleepable', false],
];

for (const [section, program, onSyscall] of hooks)
  await sectionRow(t, [section], t => {
    using object = loaded(program, onSyscall ? umask() : undefined);
    showRuns(t, object, program);
  });

for (const section of ['fentry.multi', 'fexit.multi', 'fsession.multi'])
  for (const suffix of ['', '.s'])
    await sectionRow(t, [`${section}${suffix}`], t => {
      const kind = section === 'fentry.multi' ? 'entries' : section === 'fexit.multi' ? 'exits' : 'sessions';
      const program = `on_${kind}${suffix ? '_sleepable' : ''}`;
      using object = loaded(program, `${umask().slice(0, -1)}*`);
      showRuns(t, object, program);
    });

for (const [section, program, since] of [
  ['tp_btf', 'with_cookie', '6.10'],
  ['fentry', 'on_entry_with_cookie', '5.19'],
] as const)
  t.test(`the cookie of ${section}`, t => {
    let object: BpfObject;
    try {
      object = loaded(program, section === 'fentry' ? umask() : undefined);
    } catch (error) {
      // The helper is as new as the cookie; this machine's vendor forbids fentry.
      t.match((error as Error).message, /get_attach_cookie|#174|fentry|root/);
      t.end();
      return;
    }
    using _ = object;
    if (kernel.versionCode < versionCode(since)) {
      t.throws(() => object.program(program).attach({ cookie: 42n }), UnsupportedFeatureError);
      t.end();
      return;
    }
    using link = object.program(program).attach({ cookie: 42n });
    trigger();
    t.equal(object.globals['cookie'], 42n);
    t.match(link.info(), { cookie: kernel.versionCode >= versionCode('6.18') ? 42n : undefined });
    t.end();
  });
