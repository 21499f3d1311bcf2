import t from 'tap';
import { inNetns } from './netns.js';

await inNetns(t, 'links-xdp-in-netns', { tools: ['bpftool'] });
