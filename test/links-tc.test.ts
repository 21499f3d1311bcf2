import t from 'tap';
import { inNetns } from './netns.js';

await inNetns(t, 'links-tc-in-netns', { tools: ['bpftool', 'tc'] });
