// Prints how long requests to disks take, as histograms, at Ctrl-C. An argument is the only disk to measure: `sda`.
//
// What it teaches: counting in the kernel. Millions of requests a second become a few counts in a map, of slots that double in width, and only those are
// read here. The key of the map has the disk and the slot, so that there is a histogram for each disk.
import { readdirSync, readFileSync } from 'node:fs';
import { BpfObject, HashMap, histogramSections, log2Histogram, slotsBySection } from 'rawbpf';

const minorBits = 20;

/** Disks by the number that the kernel gives them: `254:0` in /sys is 254 << 20 | 0 in its structs. */
const disks = new Map(
  readdirSync('/sys/block').map(name => {
    const [major, minor] = readFileSync(`/sys/block/${name}/dev`, 'utf8').split(':').map(Number);
    return [((major ?? 0) << minorBits) | (minor ?? 0), name];
  }),
);

const wanted = process.argv[2];
const [dev] = [...disks].find(([, name]) => name === wanted) ?? [0];
if (wanted && !dev) throw new Error(`there is no disk ${wanted}: ${[...disks.values()].join(', ')}`);

using b = BpfObject.open(new URL('../../fixtures/biolatency.bpf.o', import.meta.url));
b.globals.dev_filter = dev;
b.load();
b.attach();
console.error('attached');
const goesOn = setInterval(() => {}, 2 ** 30);
await new Promise(resolve => process.once('SIGINT', resolve));
clearInterval(goesOn);

const latencies = b.map('latencies', HashMap<{ dev: number; slot: number }, bigint>);
const byDisk = slotsBySection(latencies, ({ dev, slot }) => [disks.get(dev) ?? dev, slot]);
const lines = histogramSections(byDisk, 'disk', slots => log2Histogram(slots, { label: 'usecs' }));
console.log(lines.join('\n'));
