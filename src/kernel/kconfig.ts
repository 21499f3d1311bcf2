import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/**
 * The options that a kernel was configured with, as its config file writes them; undefined when there is no such file. Looks where libbpf
 * does (bpf_object__read_kconfig_file): `/boot/config-RELEASE`, then `/proc/config.gz` (CONFIG_IKCONFIG_PROC); and last where newer distributions keep
 * it, `/lib/modules/RELEASE/config`.
 */
export function readKconfig(release: string): ReadonlyMap<string, string> | undefined {
  for (const path of [`/boot/config-${release}`, '/proc/config.gz', `/lib/modules/${release}/config`]) {
    const text = readMaybeCompressed(path);
    if (text !== undefined) return parseKconfig(text);
  }
  return undefined;
}

function readMaybeCompressed(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (compressed ? gunzipSync(bytes) : bytes).toString();
}

function parseKconfig(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^(CONFIG_\w+)=(.+)$/gm)) {
    if (name !== undefined && value !== undefined && !options.has(name)) options.set(name, value);
  }
  return options;
}
