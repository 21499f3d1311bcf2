import type { Poll, Sys } from './sys.js';

/** Milliseconds between two looks. */
const interval = 10;

/**
 * Waits for what is in an epoll, which it closes, by looking at it every 10 ms, in worker threads. koffi's poll calls into a thread that is being terminated (or that ends itself by
 * `process.exit()` in the callback), and Node then ends the whole process; Node's own timers stop with their thread.
 */
export function pollByTimer(
  epoll: number,
  { epollWait, close }: Pick<Sys, 'epollWait' | 'close'>,
  callback: () => void,
): Poll {
  const timer = setInterval(() => {
    if (epollWait(epoll) > 0) callback();
  }, interval);
  let open = true;
  return {
    close() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      close(epoll);
    },
    ref: () => void timer.ref(),
    unref: () => void timer.unref(),
  };
}
