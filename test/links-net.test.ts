import t from 'tap';
import { inNetns } from './netns.js';

await inNetns(t, 'links-net-in-netns', { tools: ['bpftool', 'tc'] });
