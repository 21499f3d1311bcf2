/**
 * Run by links-net.test.ts in a network namespace of its own: all in one process, because starting one costs seconds under emulation, and
 * one after the other, because they share the interfaces.
 */
for (const family of ['xdp', 'tc', 'netfilter', 'lwt']) await import(`./links-${family}-in-netns.js`);
