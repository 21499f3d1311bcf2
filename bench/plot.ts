/** `node plot.js < scaling.json > scaling.svg`: draws what `npm run bench -- --scaling --json` printed. */
import { readFileSync } from 'node:fs';
import type { Series } from './scaling.js';

const panel = { width: 290, height: 230, left: 46, right: 14, top: 44, bottom: 44 };
const lines = [
  { field: 'ours', label: 'rawbpf', colour: '#1f6feb' },
  { field: 'theirs', label: 'libbpf', colour: '#b35900' },
] as const;

/** Place of a value between two powers of ten, 0 to 1. */
type Scale = (value: number) => number;

function decades(values: readonly number[]): {
  readonly from: number;
  readonly to: number;
  readonly scale: Scale;
} {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  return { from, to, scale: value => (Math.log10(value) - from) / (to - from) };
}

function draw({ name, of, unit, x, ours, theirs }: Series, index: number): string {
  const plot = {
    width: panel.width - panel.left - panel.right,
    height: panel.height - panel.top - panel.bottom,
  };
  const [first = 1, last = 1] = [x[0], x.at(-1)];
  const across: Scale = value => panel.left + (plot.width * Math.log(value / first)) / Math.log(last / first);
  const { from, to, scale } = decades([...ours, ...theirs]);
  const down: Scale = value => panel.top + plot.height * (1 - scale(value));
  const marks: string[] = [];
  const text = (at: number, height: number, words: string, more = ''): void => {
    marks.push(`<text x="${at.toFixed(1)}" y="${height.toFixed(1)}" ${more}>${words}</text>`);
  };
  text(panel.left, 18, name, 'font-weight="bold"');
  text(panel.left, 34, unit, 'fill="#666"');
  text(panel.left + plot.width / 2, panel.height - 8, of, 'text-anchor="middle" fill="#666"');
  for (let power = from; power <= to; power++) {
    const height = down(10 ** power);
    marks.push(`<path d="M${panel.left} ${height.toFixed(1)}h${plot.width}" stroke="#ddd"/>`);
    text(panel.left - 6, height + 4, String(10 ** power), 'text-anchor="end"');
  }
  for (const value of x) text(across(value), panel.height - 26, short(value), 'text-anchor="middle"');
  for (const { field, label, colour } of lines) {
    const values = field === 'ours' ? ours : theirs;
    const points = values.map((value, i) => [across(x[i] as number), down(value)] as const);
    const path = points.map(point => point.map(n => n.toFixed(1)).join(' ')).join('L');
    marks.push(`<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const [at, height] of points)
      marks.push(`<circle cx="${at.toFixed(1)}" cy="${height.toFixed(1)}" r="3" fill="${colour}"/>`);
    const step = field === 'ours' ? 0 : 60;
    text(panel.left + 110 + step, 34, label, `fill="${colour}" font-weight="bold"`);
  }
  return `<g transform="translate(${index * panel.width} 0)">\n${marks.join('\n')}\n</g>`;
}

const short = (value: number): string =>
  value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : String(value);

const { series } = JSON.parse(readFileSync(0, 'utf8')) as { series: Series[] };
const [width, height] = [panel.width * series.length, panel.height];
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="sans-serif" font-size="11">
<title>Cost as maps and records grow: rawbpf and libbpf</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${series.map(draw).join('\n')}
</svg>`);
