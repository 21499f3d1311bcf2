import { netfilterNames } from '../../netfilter-names.js';
import type {
  ActionRecord,
  ModeRecord,
  NetfilterRecord,
  NetworkRecord,
  TcRecord,
  XdpRecord,
} from './record.js';

/** The lines of `bpftool net list`, and those of sk_lookup when there are some. */
export function networkText(found: NetworkRecord): string[] {
  return [
    ...part('xdp', found.xdp.map(xdpLine)),
    ...part('tc', found.tc.map(tcLine)),
    ...part('flow_dissector', found.flow_dissector.map(idLine)),
    ...part('netfilter', found.netfilter.map(netfilterLine)),
    ...(found.sk_lookup.length > 0 ? part('sk_lookup', found.sk_lookup.map(idLine)) : []),
  ];
}

function part(name: string, lines: readonly string[]): string[] {
  return [`${name}:`, ...lines, ''];
}

const idLine = ({ id }: { readonly id: number }): string => `id ${id}`;

function xdpLine(record: XdpRecord): string {
  const programs = 'multi_attachments' in record ? record.multi_attachments : [record];
  return `${record.devname}(${record.ifindex})${programs.map(modeText).join('')}`;
}

const modeText = ({ mode, id }: ModeRecord): string => ` ${mode} id ${id}`;

function tcLine({ devname, ifindex, kind, name, id, act, prog_id, link_id }: TcRecord): string {
  return [
    `${devname}(${ifindex}) ${kind}`,
    ...(name === undefined ? [] : [name]),
    ...(id === undefined ? [] : [`id ${id}`]),
    ...(act === undefined ? [] : [`act [${act.map(actionText).join('')}]`]),
    ...(prog_id === undefined ? [] : [`prog_id ${prog_id}`]),
    ...(link_id ? [`link_id ${link_id}`] : []),
  ].join(' ');
}

function actionText({ name = '', id }: ActionRecord): string {
  return `{${name}${id === undefined ? '' : ` id ${id}`}}`;
}

function netfilterLine({ pf, hook, prio, flags, id }: NetfilterRecord): string {
  const { family, hook: name } = netfilterNames(pf, hook);
  return [
    family ?? `pf: ${pf}`,
    name === undefined ? `hook ${hook}` : name,
    `prio ${prio}`,
    ...(flags ? [`flags 0x${flags.toString(16)}`] : []),
    `prog_id ${id}`,
  ].join(' ');
}
