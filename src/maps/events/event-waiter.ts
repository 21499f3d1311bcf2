import { BpfError, type Sys } from '../../syscall/index.js';

/** A wait that goes on until it is closed. */
export interface Waiting {
  close(): void;
  ref(): void;
  unref(): void;
}

/** What waits for fds on the event loop. */
export interface Waiter {
  /** Calls `ready` while `fd` is readable. Throws BpfError when it can't be waited for. */
  wait(sys: Sys, fd: number, ready: () => void): Waiting;
}

/** A libuv poll for each fd. */
export const pollWaiter: Waiter = {
  wait(sys, fd, ready) {
    const poll = sys.poll(fd, ready);
    if (typeof poll === 'number') throw new BpfError({ syscall: 'poll', errno: -poll });
    return poll;
  },
};
