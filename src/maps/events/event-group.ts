import { BpfError, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN, OwnedFd, type Sys } from '../../syscall/index.js';
import { pollWaiter, type Waiter, type Waiting } from './event-waiter.js';

/** What a group needs of its readers. */
interface GroupedReader {
  readonly closed: boolean;
  close(): void;
  poll(): number;
}

/**
 * Any number of ring and perf buffers, of any objects, that wait as one: one epoll fd, one poll of the event loop, however many buffers there are
 * (libbpf: `ring_buffer__add`). A reader joins when it is made: `map.on(callback, { group })`.
 *
 * When one of the buffers has records, all are looked at; where there are none that is one load from memory.
 */
export class EventGroup implements Waiter, Disposable {
  readonly #members = new Map<number, Member>();
  readonly #readers = new Set<GroupedReader>();
  #epoll: OwnedFd | undefined;
  #poll: Waiting | undefined;
  #open = true;

  /** The readers that are open. */
  get size(): number {
    return this.#readers.size;
  }

  get closed(): boolean {
    return !this.#open;
  }

  /** Takes what is in the buffers now and hands it to the callbacks given to `on`: the number of events. */
  consume(): number {
    let count = 0;
    for (const reader of [...this.#readers]) if (!reader.closed) count += reader.poll();
    return count;
  }

  /** Closes the group's readers. Their maps stay open. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const reader of [...this.#readers]) reader.close();
    this.#readers.clear();
    this.#poll?.close();
    this.#epoll?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Called by a reader when it is made and when it is closed. Throws TypeError when the group is closed. */
  adopt(reader: GroupedReader): void {
    if (!this.#open) throw new TypeError('the event group is closed');
    this.#readers.add(reader);
  }

  /** @internal */
  release(reader: GroupedReader): void {
    this.#readers.delete(reader);
  }

  /** @internal */
  wait(sys: Sys, fd: number, ready: () => void): Waiting {
    const epoll = this.#epollOf(sys);
    this.#control(sys, epoll, EPOLL_CTL_ADD, fd);
    const member: Member = { ready, refed: true };
    this.#members.set(fd, member);
    this.#keepAlive();
    return {
      close: () => {
        if (this.#members.get(fd) !== member) return;
        this.#members.delete(fd);
        sys.epollCtl(epoll, EPOLL_CTL_DEL, fd, 0);
        this.#keepAlive();
      },
      ref: () => {
        member.refed = true;
        this.#keepAlive();
      },
      unref: () => {
        member.refed = false;
        this.#keepAlive();
      },
    };
  }

  #epollOf(sys: Sys): number {
    if (!this.#epoll) {
      const epoll = sys.epollCreate();
      if (epoll < 0) throw new BpfError({ syscall: 'epoll_create1', errno: -epoll });
      const owned = new OwnedFd(sys, epoll);
      try {
        this.#poll = pollWaiter.wait(sys, epoll, () => this.#ready());
      } catch (error) {
        owned.close();
        throw error;
      }
      this.#epoll = owned;
    }
    return this.#epoll.value;
  }

  #control(sys: Sys, epoll: number, op: number, fd: number): void {
    const result = sys.epollCtl(epoll, op, fd, EPOLLIN);
    if (result < 0) throw new BpfError({ syscall: 'epoll_ctl', errno: -result });
  }

  /**
   * Which fd it was is not asked: to poll a perf event takes its readiness away (perf_poll in kernel/events/core.c), and the event loop
   * has polled them all to learn that the group is ready.
   */
  #ready(): void {
    const failures: unknown[] = [];
    for (const { ready } of [...this.#members.values()])
      try {
        ready();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'several callbacks of an event group threw');
  }

  #keepAlive(): void {
    const refed = [...this.#members.values()].some(member => member.refed);
    if (refed) this.#poll?.ref();
    else this.#poll?.unref();
  }
}

interface Member {
  readonly ready: () => void;
  refed: boolean;
}
