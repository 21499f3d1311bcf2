import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** How many inputs, and the seed of the first. `RAWBPF_FUZZ_SEED=N RAWBPF_FUZZ_INPUTS=1` repeats one. */
const inputs = Number(process.env['RAWBPF_FUZZ_INPUTS'] ?? 10_000);
const first = Number(process.env['RAWBPF_FUZZ_SEED'] ?? 1);
/** Far more than an input may take, on a machine that does other things too. */
const patience = 30_000;

interface Line {
  readonly seed?: number;
  readonly input?: string;
  readonly reason?: string;
  readonly accepted?: number;
  readonly refused?: number;
  readonly slowest?: { readonly seed: number; readonly milliseconds: number };
  readonly largest?: number;
  readonly vmlinux?: boolean;
}

t.test(`${inputs} damaged inputs are read or refused by our own errors`, async t => {
  const script = fileURLToPath(new URL(import.meta.url)).replace(/fuzz\.test(\.[jt]s)$/, 'fuzz/child$1');
  const child = spawn(
    process.execPath,
    [...process.execArgv, '--max-old-space-size=512', script, String(first), String(inputs)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'close');
  t.setTimeout(patience + inputs * 100);
  let seed = first;
  let summary: Line | undefined;
  const failed = (reason: string): void =>
    void t.fail(`${reason}\nto repeat: RAWBPF_FUZZ_SEED=${seed} RAWBPF_FUZZ_INPUTS=1 and this test`);
  const watchdog = setTimeout(() => {
    failed(`seed ${seed} did not end in ${patience / 1000} s`);
    child.kill('SIGKILL');
  }, patience);
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Line;
    watchdog.refresh();
    seed = line.seed ?? seed;
    if (line.reason) failed(`seed ${seed} (${line.input}): ${line.reason}`);
    if (line.accepted !== undefined) summary = line;
  }
  clearTimeout(watchdog);
  const [status, signal] = await exited;
  if (!summary) {
    failed(`ended with status ${status ?? signal} at seed ${seed}`);
    return;
  }
  const { accepted = 0, refused = 0, slowest, largest = 0 } = summary;
  t.equal(accepted + refused, inputs, 'all inputs were tried');
  t.comment(
    `${accepted} accepted, ${refused} refused; at most ${slowest?.milliseconds.toFixed(0)} ms (seed ${slowest?.seed}) and ${largest.toFixed(0)} MB` +
      (summary.vmlinux ? '' : '; the BTF of the running kernel could not be read, so none was made of it'),
  );
  if (inputs >= 1000)
    t.ok(Math.min(accepted, refused) > inputs / 10, 'inputs are damaged neither too much nor too little');
});
