/** Reads JSON with integers that a number cannot hold as bigints. Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  let mark = 'integer ';
  while (text.includes(mark)) mark += '.';
  const marked = text.replace(tokens, token =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${mark}${token}"`,
  );
  return JSON.parse(marked, (_, value) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

/** Strings, and integers that are no part of another number. */
const tokens = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d+(?![\d.eE])/g;
