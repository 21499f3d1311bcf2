import t from 'tap';
import { inNetns } from './netns.js';

await inNetns(t, 'links-netfilter-in-netns', { tools: ['bpftool'] });
