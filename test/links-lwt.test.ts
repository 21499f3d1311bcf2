import t from 'tap';
import { inNetns } from './netns.js';

await inNetns(t, 'links-lwt-in-netns', { tools: ['bpftool'] });
