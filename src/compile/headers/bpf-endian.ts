const words = [
  { name: 'htons', back: 'ntohs', bits: 16 },
  { name: 'htonl', back: 'ntohl', bits: 32 },
  { name: 'cpu_to_be64', back: 'be64_to_cpu', bits: 64 },
];

/** `bpf/bpf_endian.h`: between the byte order of the machine and the network's. Constant in an initializer, too. */
export function bpfEndian(): string {
  const lines = ['#pragma once', ''];
  for (const { name, back, bits } of words)
    lines.push(
      '#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__',
      `#define bpf_${name}(x) __builtin_bswap${bits}(x)`,
      '#else',
      `#define bpf_${name}(x) (x)`,
      '#endif',
      `#define bpf_${back}(x) bpf_${name}(x)`,
      // Names of libbpf's own that sources use, too.
      ...['__bpf_', '__bpf_constant_'].flatMap(prefix =>
        [name, back].map(word => `#define ${prefix}${word}(x) bpf_${name}(x)`),
      ),
      '',
    );
  return lines.join('\n');
}
