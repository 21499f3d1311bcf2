import { Worker } from 'node:worker_threads';

/** Milliseconds after which someone who waits wants to know that it goes on. */
const patience = 1000;
/** What the thread is told, and tells. */
const states = { waiting: 0, drawing: 1, done: 2, gone: 3 } as const;

/**
 * Does what may take long. On a terminal, a line on stderr says after a second what is going on; it is gone when the work is done. A thread draws it, as
 * system calls and most other work here keep the event loop waiting.
 */
export async function progress<T>(text: string, work: () => T | Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return await work();
  const state = new Int32Array(new SharedArrayBuffer(4));
  new Worker(drawer, { eval: true, execArgv: [], workerData: { state, states, text, patience } }).unref();
  try {
    return await work();
  } finally {
    const before = Atomics.exchange(state, 0, states.done);
    Atomics.notify(state, 0);
    if (before === states.drawing) Atomics.wait(state, 0, states.done, patience);
  }
}

const drawer = `
const { writeSync } = require('node:fs');
const { state, states, text, patience } = require('node:worker_threads').workerData;
const frames = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const began = Date.now();
Atomics.wait(state, 0, states.waiting, patience);
if (Atomics.compareExchange(state, 0, states.waiting, states.drawing) === states.waiting) {
  for (let i = 0; Atomics.load(state, 0) === states.drawing; i++) {
    const seconds = Math.round((Date.now() - began) / 1000);
    writeSync(2, '\\r\\x1b[K' + frames[i % frames.length] + ' ' + text + ' (' + seconds + ' s)');
    Atomics.wait(state, 0, states.drawing, 80);
  }
  writeSync(2, '\\r\\x1b[K');
  Atomics.store(state, 0, states.gone);
  Atomics.notify(state, 0);
}`;
