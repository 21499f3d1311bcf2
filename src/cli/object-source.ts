import type { ObjectSource } from '../programs/index.js';

/** What a command line names: an id, when it is a number, else the path of a pin. */
export function objectSource(text: string): ObjectSource {
  return /^\d+$/.test(text) ? { id: Number(text) } : { path: text };
}
