import type { Test } from 'tap';
import { RawbpfError } from '../src/errors/index.js';
import { BpfObject, type LoadOptions } from '../src/programs/index.js';
import { liveSys } from '../src/syscall/index.js';
import { failingSys } from './failing-sys.js';

/** EPERM, EINTR, EAGAIN, ENOMEM, EINVAL. */
export const errnos = [1, 4, 11, 12, 22];

/** Something to do with a loaded object. What it attaches is closed with the object. */
export type Use = (object: BpfObject) => unknown;

/**
 * Loads an object and uses it with each call to the kernel failing in turn, with each errno. Holds that the error is one of ours, that a use that throws leaves
 * open what loading had opened and no more, and that closing the object leaves nothing. Returns how many calls there are. `restore` takes away what close() could
 * not, because the call that failed was the one to undo an attachment that has no fd. `wanted` are the errnos.
 */
export function everyCallFails(
  t: Test,
  name: string,
  file: string,
  options: LoadOptions,
  use: Use,
  restore: () => void = () => {},
  wanted: readonly number[] = errnos,
): number {
  let most = 0;
  for (const errno of wanted) {
    let refused = 0;
    let attached = false;
    for (let n = 1; ; n++) {
      const failing = failingSys(liveSys());
      const at = `${name}: call ${n} answers ${errno}`;
      const object = BpfObject.open(file, { sys: failing.sys });
      failing.failAt(n, errno);
      const before = { error: attempt(() => object.load(options)), open: [...failing.open] };
      let error = before.error;
      if (error) holds(t, before.open.length === 0, `${at}: load leaves ${text(before.open)}`);
      else {
        error = attempt(() => use(object));
        if (error)
          holds(t, text([...failing.open]) === text(before.open), `${at}: leaves ${text([...failing.open])}`);
      }
      if (!error) attached = Object.values(object.programs).some(program => program.links.length > 0);
      const closing = attempt(() => object.close());
      // Undoing what has no fd is a call, too, and may be the one that fails.
      holds(t, !closing || closing instanceof RawbpfError, `${at}: close() throws ${closing}`);
      if (closing) restore();
      holds(t, failing.open.size === 0, `${at}: left open ${text([...failing.open])}`);
      holds(t, failing.strayCloses.length === 0, `${at}: closed ${failing.strayCloses}, which was not open`);
      holds(t, !error || error instanceof RawbpfError, `${at}: ${(error as Error | undefined)?.stack}`);
      if (error) refused++;
      if (failing.calls < n) {
        holds(t, !error, `${name}: with nothing failing: ${(error as Error | undefined)?.stack}`);
        most = Math.max(most, n - 1);
        break;
      }
    }
    // Loading alone does without BTF, and tries anew without what the kernel may not know: it may outlive each.
    t.ok(refused > 0 || !attached, `${name}: ${refused} of the calls decide when they answer ${errno}`);
  }
  return most;
}

function attempt(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Speaks up for what does not hold only: it is asked thousands of times. */
function holds(t: Test, condition: boolean, message: string): void {
  if (!condition) t.fail(message);
}

const text = (value: unknown): string => JSON.stringify(value);
