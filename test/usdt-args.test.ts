import t from 'tap';
import { FormatError } from '../src/index.js';
import { parseUsdtArgs, type UsdtArch, UsdtArgType } from '../src/programs/links/probes/usdt-args.js';

const { CONST, REG, REG_DEREF, SIB } = UsdtArgType;

/** Type, size, value, register, index, scale. */
type Row = readonly [number, number, bigint, number, number?, number?];

function rows(text: string, arch: UsdtArch): Row[] {
  return parseUsdtArgs(text, arch).map(({ type, size, signed, value, register, index, scaleShift }) => {
    const row = [type, signed ? -size : size, value, register] as const;
    return type === SIB ? [...row, index, scaleShift] : row;
  });
}

t.test('arguments of x86-64', async t => {
  t.same(rows('', 'x64'), []);
  t.same(rows('-4@%edi 8@%rax 1@%al 2@%r8w -1@%r15b', 'x64'), [
    [REG, -4, 0n, 112],
    [REG, 8, 0n, 80],
    [REG, 1, 0n, 80],
    [REG, 2, 0n, 72],
    [REG, -1, 0n, 0],
  ]);
  t.same(rows('-4@-20(%rbp) 8@(%rsp) 8@16(%rip)', 'x64'), [
    [REG_DEREF, -4, -20n, 32],
    [REG_DEREF, 8, 0n, 152],
    [REG_DEREF, 8, 16n, 128],
  ]);
  t.same(rows('1@-96(%rbp,%rax,8) 1@(%rbp,%rax,4) 1@-96(%rbp,%rax) 1@(%r12,%r9)', 'x64'), [
    [SIB, 1, -96n, 32, 80, 3],
    [SIB, 1, 0n, 32, 80, 2],
    [SIB, 1, -96n, 32, 80, 0],
    [SIB, 1, 0n, 24, 64, 0],
  ]);
  t.same(rows('4@$71 -8@$-9223372036854775808', 'x64'), [
    [CONST, 4, 71n, 0],
    [CONST, -8, -(2n ** 63n), 0],
  ]);
});

t.test('arguments of arm64', async t => {
  t.same(rows('-8@x4 8@x30 4@sp', 'arm64'), [
    [REG, -8, 0n, 32],
    [REG, 8, 0n, 240],
    [REG, 4, 0n, 248],
  ]);
  t.same(rows('-4@[sp, 96] 8@[x0] 2@[x19, -8] 4@[x1,12]', 'arm64'), [
    [REG_DEREF, -4, 96n, 248],
    [REG_DEREF, 8, 0n, 0],
    [REG_DEREF, 2, -8n, 152],
    [REG_DEREF, 4, 12n, 8],
  ]);
  t.same(rows('4@5 -8@-1', 'arm64'), [
    [CONST, 4, 5n, 0],
    [CONST, -8, -1n, 0],
  ]);
});

t.test('what is not known is told', async t => {
  const refused = (text: string, arch: UsdtArch = 'x64') => {
    try {
      return parseUsdtArgs(text, arch, { file: 'x' });
    } catch (error) {
      return error;
    }
  };
  t.match(refused('8@%rdi 8f@%xmm0'), { message: /argument 1 of .*floating point/ });
  t.match(refused('8f@%xmm0'), FormatError);
  t.match(refused('4@counter(%rip)'), { message: /counter\(%rip\)/ });
  t.match(refused('3@%rdi'), { message: /a size of 3 bytes/ });
  t.match(refused('4@%ah'), { message: /no register ah/ });
  t.match(refused('4@(%rax,%rbx,3)'), { message: /a scale of 3/ });
  t.match(refused('%rdi'), { message: /SIZE@/ });
  t.match(refused('4@%rdi,4@%rsi'), { message: /is no place/ });
  t.match(refused('8@x31', 'arm64'), { message: /no register x31/ });
  t.match(refused('8@%rdi', 'arm64'), { message: /is no place/ });
});
