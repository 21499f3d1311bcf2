/** Memory shared with programs, on this kernel: globals, mapped arrays, arenas. */
import t from 'tap';
import '../arena.test.js';
import '../arena-memory.test.js';
import '../mapped-array.test.js';
import '../programs-globals.test.js';

// The objects are compiled in the guest, which is emulated.
t.setTimeout(900_000);
