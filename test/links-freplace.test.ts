import t, { type Test } from 'tap';
import { BpfObject, Kernel, liveSys, type Program, type ProgramSettings } from '../src/index.js';
import { versionCode } from '../src/kernel/index.js';
import { newestKernel } from '../src/object/index.js';
import { needs } from './live.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { testRunPacket } from './test-run.js';
import { deniesPatching } from './vendor-kernel.js';

const kernel = Kernel.running(liveSys());
const open = (): BpfObject => BpfObject.open(fixture('test-links-tracing'));
const load = (programs: Record<string, ProgramSettings>): BpfObject => open().load({ programs });

/** A program whose functions others replace or watch: `verdict(length) + other_verdict(length)`, of a packet of 50 bytes after its header. */
const answers = (): BpfObject => open().load({ programs: ['answers'] });
const answerOf = (object: BpfObject): number => testRunPacket(object.program('answers'));

await sectionRow(t, ['freplace'], t => {
  using target = answers();
  const untouched = answerOf(target);
  const program = target.program('answers');
  using object = load({ replacement: { autoload: true, attachTarget: { program } } });
  t.equal(answerOf(target), untouched, 'loaded, not attached');
  const link = object.program('replacement').attach();
  t.equal(link.target, 'verdict');
  t.ok(link.isBpfLink);
  t.equal(object.globals['runs'], 0n);
  const replaced = answerOf(target);
  t.ok(replaced > 1000 && replaced !== untouched, `${replaced}, not ${untouched}`);
  t.equal(object.globals['runs'], 1n);
  if (kernel.versionCode >= versionCode('5.13'))
    t.match(link.info(), { typeName: 'tracing', targetObjectId: target.program('answers').info().id });
  link.close();
  t.equal(answerOf(target), untouched, 'detached');
});

t.test('a program replaces functions of several others', async t => {
  if (!mayPatch(t)) return;
  using first = answers();
  using second = answers();
  const untouched = answerOf(first);
  using object = load({
    replacement: { autoload: true, attachTarget: { program: first.program('answers') } },
  });
  const replacement = object.program('replacement');
  using toSecond = replacement.attachTo({ kind: 'freplace', program: second.program('answers') });
  t.equal(answerOf(first), untouched);
  t.not(answerOf(second), untouched);
  t.throws(() => replacement.attachTo({ kind: 'freplace', program: second.program('answers') }), {
    message: /EBUSY/,
  });
  using _ = replacement.attachTo({
    kind: 'freplace',
    program: first.program('answers').fd,
    function: 'other_verdict',
  });
  t.not(answerOf(first), untouched);
  t.throws(
    () =>
      replacement.attachTo({ kind: 'freplace', program: second.program('answers'), function: 'no_verdict' }),
    { code: 'ERR_RAWBPF_OBJECT', message: /no function no_verdict; it has .*verdict/ },
  );
  toSecond.close();
  t.equal(answerOf(second), untouched);
});

t.test('fentry and fexit on a function of a program', async t => {
  if (!mayPatch(t)) return;
  using target = answers();
  const attachTarget = { program: target.program('answers') };
  using object = load({
    on_verdict: { autoload: true, attachTarget },
    after_verdict: { autoload: true, attachTarget: { ...attachTarget, function: 'other_verdict' } },
  });
  const links = object.attach();
  t.equal(links.length, 2);
  answerOf(target);
  t.same([object.globals['runs'], object.globals['exits']], [1n, 1n]);
  for (const link of links) link.close();
  answerOf(target);
  t.same([object.globals['runs'], object.globals['exits']], [1n, 1n]);
});

t.test('a target that does not fit', async t => {
  if (!needs(t, { bpf: true })) return;
  using target = answers();
  const program: Program = target.program('answers');
  const before = openFds();
  const loads = (settings: Record<string, ProgramSettings>) => () => load(settings);
  t.throws(loads({ replacement: { autoload: true, attachTarget: { program, function: 'none' } } }), {
    code: 'ERR_RAWBPF_OBJECT',
    message: /program replacement: the target program has no function none; it has .*verdict/,
  });
  t.throws(loads({ replacement: { autoload: true } }), {
    message: /program replacement: replaces a function of another program, which has to be named/,
  });
  t.throws(loads({ replacement: { autoload: true, attachTarget: { program: 1_000_000 } } }), {
    message: /program replacement: target.*EBADF/,
  });
  t.throws(loads({ answers: { autoload: true, attachTarget: { program, function: 'verdict' } } }), {
    message: /program answers: a program of section socket has no target program/,
  });
  t.throws(loads({ nothing: {} }), { message: /program nothing: there is none of this name/ });
  t.same(openFds(), before);
});

t.test('other settings of single programs', async t => {
  using object = open();
  const plan = (programs: Record<string, ProgramSettings>, name: string) =>
    object.plan({ programs, kernel: newestKernel() }).steps.find(step => step.makes === `prog:${name}`)?.attr;
  t.equal(plan({ answers: {} }, 'answers'), undefined, 'SEC("?socket") is not loaded by a setting alone');
  t.match(plan({ answers: { autoload: true } }, 'answers'), { prog_type: 1 });
  t.match(plan({ answers: { autoload: true, type: 'sched_cls', attachType: 'tcx_ingress' } }, 'answers'), {
    prog_type: 3,
    expected_attach_type: 46,
  });
  t.match(plan({ answers: { autoload: true, flags: 1 } }, 'answers'), { prog_flags: 1 });
  const planned = object.plan({
    programs: { replacement: { autoload: true, attachTarget: { program: 7 } } },
    kernel: newestKernel(),
  });
  t.match(planned.steps.find(step => step.makes === 'prog:replacement')?.attr, {
    attach_prog_fd: { fd: 'target:replacement' },
    attach_btf_id: 0,
  });
  t.match(planned.warnings.join(), /without the target program's BTF/);
  const btf = object.spec.btf;
  if (!btf) throw new Error('the fixture has no BTF');
  t.match(
    plan({ replacement: { autoload: true, attachTarget: { program: 7, btf } } }, 'replacement'),
    { attach_btf_id: btf.findByName('verdict', 'func') },
    'the id in the types that are given',
  );
  t.throws(() => plan({ answers: { type: 'nonsense' as 'xdp' } }, 'answers'), { name: 'TypeError' });
});

/** False, and the test is skipped with the reason, where the vendor forbids programs that patch code. */
function mayPatch(t: Test): boolean {
  if (!needs(t, { bpf: true })) return false;
  if (!deniesPatching(kernel)) return true;
  t.plan(0, 'this vendor forbids programs that patch code');
  return false;
}
