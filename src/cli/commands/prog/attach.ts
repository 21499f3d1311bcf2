import { BpfAttachType } from '../../../abi/index.js';
import { openMapBytes } from '../../../maps/index.js';
import { attachTypeName } from '../../../object/index.js';
import { openProgram, progAttach, progDetach } from '../../../programs/index.js';
import { Refusal } from '../../refusal.js';
import { Words } from '../../words.js';
import { takeMap } from '../map/select.js';
import { takeProgram } from './select.js';

/** bpftool's own words for the types; libbpf's, `sk_skb_stream_parser`, are taken too. */
const types: Readonly<Record<string, number>> = {
  stream_parser: BpfAttachType.BPF_SK_SKB_STREAM_PARSER,
  stream_verdict: BpfAttachType.BPF_SK_SKB_STREAM_VERDICT,
  skb_verdict: BpfAttachType.BPF_SK_SKB_VERDICT,
  msg_verdict: BpfAttachType.BPF_SK_MSG_VERDICT,
  flow_dissector: BpfAttachType.BPF_FLOW_DISSECTOR,
};

/**
 * `rawbpf prog attach|detach PROGRAM TYPE [MAP]`: to a sockmap, or as the flow dissector of this network namespace. Nothing holds such an attachment but what it
 * is at.
 */
export function attachProgram(how: 'attach' | 'detach', args: readonly string[]): void {
  const words = new Words(args);
  const source = takeProgram(words);
  const attachType = takeType(words);
  const mapSource = attachType === BpfAttachType.BPF_FLOW_DISSECTOR ? undefined : takeMap(words);
  words.end();
  using program = openProgram(source, { attachType });
  using map = mapSource && openMapBytes(mapSource);
  const target = map ? { attachType, map } : { attachType };
  if (how === 'attach') progAttach(program, target);
  else progDetach(program, target);
}

function takeType(words: Words): number {
  const word = words.take('the attach type');
  const type = types[word] ?? Object.values(types).find(type => attachTypeName(type) === word);
  if (type === undefined)
    throw new Refusal(`attach type ${word}: must be one of ${Object.keys(types).join(', ')}`);
  return type;
}
