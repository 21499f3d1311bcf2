import t from 'tap';
import { parseDiagnostics } from '../src/compile/diagnostics.js';
import { parseRule } from '../src/compile/scan-sources.js';

t.test('remarks of clang 14 and of those with line numbers', async t => {
  const output = `In file included from a.bpf.c:1:
./h.h:1:21: fatal error: 'b.h' file not found
#include "b.h"
         ^~~~~
a.bpf.c:2:26: error: use of undeclared identifier 'zz'
    2 | int x(void) { return zz; }
      |                      ^
a.bpf.c:3:1: note: it was: here
2 errors generated.
`;
  t.same(parseDiagnostics(output), [
    {
      severity: 'error',
      message: "'b.h' file not found",
      file: './h.h',
      line: 1,
      column: 21,
      snippet: ['#include "b.h"', '         ^~~~~'],
    },
    {
      severity: 'error',
      message: "use of undeclared identifier 'zz'",
      file: 'a.bpf.c',
      line: 2,
      column: 26,
      snippet: ['    2 | int x(void) { return zz; }', '      |                      ^'],
    },
    { severity: 'note', message: 'it was: here', file: 'a.bpf.c', line: 3, column: 1, snippet: [] },
  ]);
});

t.test('remarks about no place in a file', async t => {
  const output = `error: unknown target CPU 'v9'
fatal error: error in backend: Unsupported dynamic stack allocation
PLEASE submit a bug report to https://example.org/ and include the crash backtrace.
Stack dump:
0.\tProgram arguments: clang
 #0 0x00007fdd9eca5291 llvm::sys::PrintStackTrace
clang: error: clang frontend command failed with exit code 70
error: a.bpf.c:10:4: in function f i32 (ptr): too many args
`;
  t.same(
    parseDiagnostics(output).map(({ message, file, line, column, snippet }) => [
      message,
      file,
      line,
      column,
      snippet,
    ]),
    [
      ["unknown target CPU 'v9'", undefined, undefined, undefined, []],
      ['error in backend: Unsupported dynamic stack allocation', undefined, undefined, undefined, []],
      ['clang frontend command failed with exit code 70', undefined, undefined, undefined, []],
      ['in function f i32 (ptr): too many args', 'a.bpf.c', 10, 4, []],
    ],
  );
  t.same(parseDiagnostics(''), []);
});

t.test('the files of a rule for make', async t => {
  t.same(parseRule('a.bpf.o: a.bpf.c \\\n  my\\ header.h ./b$$c.h \\\n  d\\#e.h vmlinux.h\n'), [
    'a.bpf.c',
    'my header.h',
    './b$c.h',
    'd#e.h',
    'vmlinux.h',
  ]);
  t.same(parseRule('a:b.bpf.o: a:b.bpf.c\n'), ['a:b.bpf.c']);
  t.same(parseRule(''), []);
});
