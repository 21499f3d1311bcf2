const magics: readonly (readonly [bytes: readonly number[], reason: string])[] = [
  [
    [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e],
    'an ar archive, not an ELF file: extract the object first (`ar x FILE`)',
  ],
  [[0x21, 0x3c, 0x74, 0x68, 0x69, 0x6e, 0x3e], 'a thin ar archive, not an ELF file: give the object itself'],
  [[0x9f, 0xeb], 'raw BTF, not an ELF file: `rawbpf btf dump` reads it'],
  [[0xeb, 0x9f], 'raw BTF (big-endian), not an ELF file: `rawbpf btf dump` reads it'],
  [[0x42, 0x43, 0xc0, 0xde], 'LLVM bitcode, not an ELF file: compile it with `llc -march=bpf -filetype=obj`'],
  [[0x1f, 0x8b], 'gzip data, not an ELF file: decompress it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd data, not an ELF file: decompress it first'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz data, not an ELF file: decompress it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive, not an ELF file: extract the object first'],
  [[0x00, 0x61, 0x73, 0x6d], 'a WebAssembly module, not an ELF file'],
  [[0x4d, 0x5a], 'a Windows executable, not an ELF file'],
  [[0xcf, 0xfa, 0xed, 0xfe], 'a macOS (Mach-O) file, not an ELF file: compile with `clang -target bpf`'],
];

/** What a file that does not begin with the ELF magic seems to be, and what to do about it. */
export function notElf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  if (bytes.length < 4 && [0x7f, 0x45, 0x4c].every((byte, i) => i >= bytes.length || bytes[i] === byte))
    return `the file is only ${bytes.length} bytes long, too short for an ELF header`;
  for (const [magic, reason] of magics) if (magic.every((byte, i) => bytes[i] === byte)) return reason;

  const start = textStart(bytes);
  if (start === undefined) {
    const shown = Array.from(bytes.subarray(0, 4), byte => byte.toString(16).padStart(2, '0')).join(' ');
    return `not an ELF file: it begins with ${shown}, not 7f 45 4c 46`;
  }
  if (/^\s*<(!doctype|html|head|\?xml)/i.test(start))
    return 'an HTML page, not an ELF file: a download that went wrong?';
  if (/^\s*(#include|#define|\/\*|\/\/)/.test(start))
    return 'source text, not an ELF file: compile it with `clang -g -O2 -target bpf -c`';
  return `a text file, not an ELF file: it begins with ${JSON.stringify(
    start
      .trimStart()
      .split(/[\r\n]/)[0]
      ?.slice(0, 32),
  )}`;
}

/** The first bytes as a string, when they are text. */
function textStart(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, 256);
  if (head.some(byte => byte < 32 && !(byte >= 9 && byte <= 13))) return undefined;
  const text = new TextDecoder().decode(head);
  // The cut at 256 bytes may split a character, so a replacement character at the very end says nothing.
  return text.slice(0, -1).includes('\ufffd') ? undefined : text;
}
