import { BpfMapType, hostEndian } from '../../../abi/index.js';
import type { MapBytes } from '../../../maps/index.js';
import { btfValue } from '../../btf-value.js';
import type { MapRecord } from './record.js';

/** Shows elements of a map as bpftool does: the bytes, and by BTF what they mean. */
export class EntryPrinter {
  readonly #map: MapBytes;
  readonly #isMapOfMaps: boolean;

  constructor(map: MapBytes) {
    this.#map = map;
    this.#isMapOfMaps = mapsOfMaps.has(map.type);
  }

  /** Whether there are types to tell what elements mean. */
  get isTyped(): boolean {
    return this.#map.btf !== undefined && this.#map.valueTypeId !== 0;
  }

  /** What `bpftool -j` has of an element. */
  record(key: Uint8Array, value: Uint8Array): MapRecord {
    const shown = this.#map.isPercpu
      ? { values: this.#map.perCpu(value).map((one, cpu) => ({ cpu, value: hexBytes(one) })) }
      : { value: hexBytes(value), inner_map_id: this.#isMapOfMaps ? innerId(value) : undefined };
    const formatted = this.isTyped ? this.formatted(key, value) : undefined;
    return { key: hexBytes(key), ...shown, formatted };
  }

  /** What an element means by BTF. Throws TypeError where there are no types: see {@link isTyped}. */
  formatted(key: Uint8Array, value: Uint8Array): MapRecord {
    const { btf, keyTypeId, valueTypeId, isPercpu } = this.#map;
    if (!btf) throw new TypeError(`map ${this.#map.name}: it has no BTF`);
    const typed = (bytes: Uint8Array): unknown => btfValue(btf, valueTypeId, bytes);
    return {
      key: keyTypeId ? btfValue(btf, keyTypeId, key) : undefined,
      ...(isPercpu
        ? { values: this.#map.perCpu(value).map((one, cpu) => ({ cpu, value: typed(one) })) }
        : { value: typed(value) }),
    };
  }

  /** An element in lines, its bytes in hexadecimal. */
  text(key: Uint8Array, value: Uint8Array): string {
    if (this.#map.isPercpu) return this.#perCpuText(key, value);
    const parts = key.length > 0 ? [labelled('key', key)] : [];
    if (this.#isMapOfMaps) parts.push(`inner_map_id: ${innerId(value)}`);
    else if (value.length > 0) parts.push(labelled('value', value));
    return parts.join(key.length + value.length <= shortLine ? '  ' : '\n');
  }

  #perCpuText(key: Uint8Array, value: Uint8Array): string {
    const values = this.#map
      .perCpu(value)
      .map((one, cpu) => labelled(`value (CPU ${String(cpu).padStart(2, '0')})`, one));
    return [labelled('key', key), ...values].join('\n');
  }
}

const mapsOfMaps: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BpfMapType.BPF_MAP_TYPE_HASH_OF_MAPS,
]);

/** Bytes of key and value that go on one line. */
const shortLine = 24;

/** `key: 01 02`; long bytes 16 a line below. */
export function labelled(label: string, bytes: Uint8Array): string {
  return `${label}:${bytes.length > 16 ? '\n' : ' '}${hexText(bytes)}`;
}

/** `["0x01", "0x02"]`, as bpftool has bytes in JSON. */
export function hexBytes(bytes: Uint8Array): string[] {
  return Array.from(bytes, byte => `0x${byte.toString(16).padStart(2, '0')}`);
}

export function hexText(bytes: Uint8Array): string {
  const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, '0'));
  const lines: string[] = [];
  for (let i = 0; i < digits.length; i += 16) lines.push(digits.slice(i, i + 16).join(' '));
  return lines.join('\n');
}

function innerId(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset).getUint32(0, hostEndian === 'little');
}
