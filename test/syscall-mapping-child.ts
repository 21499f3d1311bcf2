// Reads a mapping after it was closed, which would be a SIGSEGV if the pages were gone. Run by syscall-live.test.ts.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { liveSys, MAP_PRIVATE, PROT_READ } from '../src/syscall/index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const sys = liveSys();
const length = 64 * 4096;

/** Maps this program, closes the mapping, and returns its address; no view outlives this function. */
function mapAndClose(): bigint {
  const fd = openSync(process.execPath, 'r');
  const mapping = sys.mmap(fd, length, PROT_READ, MAP_PRIVATE, 0);
  closeSync(fd);
  if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`);
  const bytes = new Uint8Array(mapping.buffer);
  const late = bytes.subarray(length - 4096);
  say('magic', String.fromCharCode(...bytes.subarray(1, 4)));
  mapping.close();
  mapping.close();
  say('after close', [...bytes.subarray(1, 4), late[0], late.byteLength].join());
  bytes[0] = 1;
  say('written', bytes[0]);
  return mapping.address;
}

function say(what: string, value: unknown): void {
  console.log(`${what}: ${value}`);
}

function isMapped(address: bigint): boolean {
  const start = address.toString(16);
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .some(line => {
      const [from = '', to = ''] = line.split(' ')[0]!.split('-');
      return (
        from !== '' && BigInt(`0x${from}`) <= BigInt(`0x${start}`) && BigInt(`0x${start}`) < BigInt(`0x${to}`)
      );
    });
}

const address = mapAndClose();
say('mapped', isMapped(address));
for (let turn = 0; turn < 50 && isMapped(address); turn++) {
  collectGarbage();
  await new Promise(resolve => setImmediate(resolve));
}
say('mapped once collected', isMapped(address));
