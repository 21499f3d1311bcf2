import t from 'tap';
import { inNetns } from './netns.js';

// Processes start slowly on a busy machine.
t.setTimeout(240_000);

// A guest is there for the tests alone, and starting another process takes it half a minute.
if (process.env['IN_VM']) await import('./cli-net-in-netns.js');
else await inNetns(t, 'cli-net-in-netns', { tools: ['bpftool', 'tc'] });
