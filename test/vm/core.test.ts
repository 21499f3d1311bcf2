import { release } from 'node:os';
import t from 'tap';
import { runCorePrograms } from '../core-programs.js';

t.test(`Linux ${release()}: CO-RE relocations of every kind`, async t => runCorePrograms(t));
