import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { run, which } from './live.js';

/** Bytes of the payload of {@link sendPackets}; the IP packet has 28 more. */
const payloadSize = 72;
/** By which the BPF programs know the packets. */
export const testPort = 31313;

/** A pair of interfaces in the network namespace of this process: what goes out at one comes in at the other. */
export interface VethPair {
  /** Where {@link sendPackets} go out. */
  readonly sender: string;
  readonly receiver: string;
  readonly senderIndex: number;
  readonly receiverIndex: number;
}

let pair: VethPair | undefined;

/** The pair of this namespace, made when first asked for. What is sent to 10.99.0.2 goes out at the first and comes in at the second. */
export function vethPair(): VethPair {
  loadModules();
  pair ??= makeVeth('rawbpf0', 'rawbpf1');
  return pair;
}

/** In guests the kernel itself cannot call modprobe. */
function loadModules(): void {
  for (const name of ['veth', 'sch_ingress', 'cls_bpf', 'cls_matchall', 'act_bpf'])
    spawnSync(which('modprobe') ?? 'modprobe', ['-q', name]);
}

function makeVeth(sender: string, receiver: string): VethPair {
  run('ip', 'link', 'add', sender, 'type', 'veth', 'peer', 'name', receiver);
  run('ip', 'addr', 'add', '10.99.0.1/24', 'dev', sender);
  for (const name of [sender, receiver]) run('ip', 'link', 'set', name, 'up');
  const { address, ifindex: receiverIndex } = link(receiver);
  run('ip', 'neigh', 'replace', '10.99.0.2', 'lladdr', address, 'dev', sender);
  return { sender, receiver, senderIndex: link(sender).ifindex, receiverIndex };
}

function link(name: string): { readonly ifindex: number; readonly address: string } {
  return (JSON.parse(run('ip', '-j', 'link', 'show', name)) as [{ ifindex: number; address: string }])[0];
}

/** Sends UDP packets to {@link testPort}. */
export async function sendPackets(count: number, to = '10.99.0.2'): Promise<void> {
  const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
  try {
    for (let i = 0; i < count; i++)
      await new Promise<void>((resolve, reject) =>
        socket.send(new Uint8Array(payloadSize), testPort, to, error => (error ? reject(error) : resolve())),
      );
  } finally {
    socket.close();
  }
}
