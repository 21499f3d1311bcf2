import type { Test } from 'tap';
import { type Running, startExample, stillThere } from './cli-process.js';

export interface AttachedExample extends Running {
  /** Sends Ctrl-C; resolves with what it printed. Fails the test unless it ends well and leaves nothing in the kernel. */
  end(): Promise<string>;
}

/** Starts a script of `examples/`, and resolves when it says that it is attached. */
export async function attachedExample(t: Test, name: string, ...args: string[]): Promise<AttachedExample> {
  const example = startExample(name, ...args);
  t.teardown(() => void example.child.kill('SIGKILL'));
  await example.until(({ stderr }) => /^attached$/m.test(stderr));
  const ids = example.bpfIds();
  t.not(ids.prog.length, 0);
  return Object.assign(example, {
    async end() {
      t.equal(await example.stop(), 0, example.stderr);
      t.same(await stillThere(ids), []);
      return example.stdout;
    },
  });
}
