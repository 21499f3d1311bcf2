import t from 'tap';
import { Btf, codec, dumpRaw, parseBtfExt } from '../src/btf/index.js';
import { parseElf } from '../src/elf/index.js';
import { FormatError } from '../src/errors/index.js';
import { fixtureBytes } from './repository.js';

const elf = parseElf(fixtureBytes('test-types'), 'test-types');
const blob = elf.section('.BTF')?.data.slice() ?? new Uint8Array();
const ext = elf.section('.BTF.ext')?.data.slice() ?? new Uint8Array();

/** Does with a blob what the loader, the inspector and a map may do with it. */
function exercise(bytes: Uint8Array): void {
  const btf = Btf.parse(bytes, { file: 'damaged' });
  for (const _ of dumpRaw(btf));
  for (let id = btf.startId; id < btf.endId; id++) {
    const { kind } = btf.type(id);
    if (kind === 'func' || kind === 'func_proto' || kind === 'decl_tag') continue;
    const size = btf.sizeOf(id);
    if (size > 1 << 16) continue;
    const type = codec(btf, id);
    type.read(new Uint8Array(type.size));
  }
}

/** What went wrong, when it was anything but a FormatError. */
function verdict(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof FormatError ? undefined : error;
  }
}

t.test('BTF cut short is a FormatError', async t => {
  for (let end = 0; end < blob.length; end += 16) {
    const error = verdict(() => exercise(blob.subarray(0, end)));
    if (error) t.fail(`cut at ${end}: ${(error as Error).stack}`);
  }
  t.throws(() => Btf.parse(new Uint8Array(0), { file: 'empty' }), {
    code: 'ERR_RAWBPF_FORMAT',
    message: /^empty: \.BTF\+0x0/,
  });
  t.throws(() => Btf.parse(blob.subarray(0, blob.length - 1)), FormatError);
});

t.test('BTF with words changed is read or refused, within bounds', async t => {
  // xorshift32, so that a failure can be repeated.
  let seed = 0x2545f491;
  const random = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  for (let round = 0; round < 4000; round++) {
    const bytes = blob.slice();
    const view = new DataView(bytes.buffer);
    for (let i = 0; i <= random(3); i++) {
      const at = random((bytes.length >> 2) - 1) * 4;
      const words = [
        0,
        1,
        0xffffffff,
        random(200),
        random(0xffffffff),
        view.getUint32(at, true) ^ (1 << random(32)),
      ];
      view.setUint32(at, words[random(words.length)] as number, true);
    }
    const error = verdict(() => exercise(bytes));
    if (error) t.fail(`round ${round}: ${(error as Error).stack}`);
  }
  t.pass('4000 rounds');
});

t.test('.BTF.ext cut short or changed is a FormatError', async t => {
  const btf = Btf.parse(blob);
  t.ok(parseBtfExt(ext, btf).lineInfo.size > 0);
  for (let end = 0; end < ext.length; end += 8) {
    const error = verdict(() => parseBtfExt(ext.subarray(0, end), btf));
    if (error) t.fail(`cut at ${end}: ${(error as Error).stack}`);
  }
  for (let at = 0; at + 4 <= ext.length; at += 4)
    for (const word of [0, 1, 7, 0xffffffff, 0x7fffffff]) {
      const bytes = ext.slice();
      new DataView(bytes.buffer).setUint32(at, word, true);
      const error = verdict(() => parseBtfExt(bytes, btf));
      if (error) t.fail(`word at ${at} = ${word}: ${(error as Error).stack}`);
    }
});
