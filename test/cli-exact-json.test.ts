import t from 'tap';
import { exactJson, exactJsonLine, Members } from '../src/cli/exact-json.js';
import { parseExactJson } from '../src/cli/exact-json-parse.js';

t.test('integers of any size are read as they are, and nothing else is touched', async t => {
  t.same(parseExactJson('{"a": 18446744073709551615, "b": [-9007199254740993, 5, 9007199254740991]}'), {
    a: 18446744073709551615n,
    b: [-9007199254740993n, 5, 9007199254740991],
  });
  for (const text of [
    '"18446744073709551615"',
    '"\\"18446744073709551615"',
    '1e30',
    '1.5',
    '-0.25e-7',
    '12345678901234567890.5',
    '1e12345678901234567',
    'null',
    '""',
    '{"18446744073709551615": 1}',
  ])
    t.same(parseExactJson(text), JSON.parse(text), text);
  t.same(parseExactJson('["integer 5", 18446744073709551615]'), ['integer 5', 18446744073709551615n]);
  for (const text of ['', '{', '01', '-', '1 2', '18446744073709551615 1', '+18446744073709551615'])
    t.throws(() => parseExactJson(text), SyntaxError, text);
});

t.test('what is read is written again, on lines or on one', async t => {
  const value = { a: 18446744073709551615n, b: ['x"y', null, true, { c: [] }], d: undefined, e: {} };
  t.equal(
    exactJsonLine(value),
    '{"a": 18446744073709551615, "b": ["x\\"y", null, true, {"c": []}], "e": {}}',
  );
  const { d: _, ...present } = value;
  for (const write of [exactJson, exactJsonLine]) t.same(parseExactJson(write(value)), present);
  t.equal(exactJson({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}');
  t.equal(
    exactJsonLine(
      new Members([
        ['', 1],
        ['', 2n],
      ]),
    ),
    '{"": 1, "": 2}',
    'a name may come twice',
  );
});
