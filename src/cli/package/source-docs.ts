import { FormatError } from '../../errors/index.js';

type Fields = Readonly<Record<string, unknown>>;

/** What comments of a C file say of the things declared below them, as ecc takes them into a package. */
export interface SourceDocs {
  /** Of the program as a whole: above `LICENSE`. */
  readonly doc: Fields | undefined;
  readonly variables: ReadonlyMap<string, Fields>;
  readonly maps: ReadonlyMap<string, Fields>;
  readonly programs: ReadonlyMap<string, Fields>;
}

/** Lines of `///`, or a comment that begins with two asterisks; then what is declared, up to where its body or value begins. */
const documented = /((?:^[ \t]*\/\/\/.*\n)+|\/\*\*[^*/][\s\S]*?\*\/\s*\n)((?:.*\n)*?.*?[;={])/gm;

/**
 * Reads the documentation comments of C source: `/// Process ID to trace`, `/// @cmdarg {"short": "p"}`, `/// @sample {"interval": 1000}`. Throws FormatError for an
 * `@` word of ecc's whose JSON is none.
 */
export function sourceDocs(text: string, file: string): SourceDocs {
  let doc: Fields | undefined;
  const [variables, maps, programs] = [
    new Map<string, Fields>(),
    new Map<string, Fields>(),
    new Map<string, Fields>(),
  ];
  for (const { 1: comment = '', 2: declaration = '', index } of text.matchAll(documented)) {
    const fields = fieldsOf(comment, file, text.slice(0, index).split('\n').length);
    const code = declaration.replaceAll(/SEC\("[^"]*"\)/g, ' ');
    const program = /\bBPF_\w+\(\s*(\w+)/.exec(code)?.[1] ?? /(\w+)\s*\([^()]*\)\s*\{$/.exec(code)?.[1];
    const variable = /(\w+)\s*(?:\[[^\]]*\]\s*)*[;=]$/.exec(code)?.[1];
    if (/\bLICENSE\b/.test(code)) doc = fields;
    else if (/^\s*struct\s*\{$/.test(code)) {
      const map = /\}\s*(\w+)\s+SEC\("\.maps"\)/.exec(text.slice(index))?.[1];
      if (map) maps.set(map, fields);
    } else if (program) programs.set(program, fields);
    else if (variable) variables.set(variable, fields);
  }
  return { doc, variables, maps, programs };
}

/** Words that take JSON; what the others say is text. */
const jsonWords = new Set(['cmdarg', 'sample', 'tchook', 'tcopts', 'xdpopts', 'ifindex', 'flags', 'value']);

function fieldsOf(comment: string, file: string, line: number): Fields {
  const lines = comment.split('\n').map(each =>
    each
      .replace(/^\s*(\/\/\/|\/\*\*|\*\/|\*)?\s?/, '')
      .replace(/\*\/\s*$/, '')
      .trim(),
  );
  const fields: Record<string, unknown> = {};
  let word = 'description';
  const texts = new Map<string, string[]>();
  for (const each of lines) {
    const [, at, rest] = /^@(\w+)\s*(.*)$/.exec(each) ?? [];
    if (at) word = at;
    const said = at ? rest : each;
    if (said) texts.set(word, [...(texts.get(word) ?? []), said]);
  }
  for (const [name, said] of texts) {
    const text = said.join(' ');
    fields[name] = jsonWords.has(name) ? parsed(text, name, file, line) : unquoted(text);
  }
  return fields;
}

function parsed(text: string, word: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(
      `is not JSON: ${(cause as Error).message}`,
      { file, field: `the comment of line ${line}: @${word}` },
      { cause },
    );
  }
}

function unquoted(text: string): string {
  return /^"(.*)"$/s.exec(text)?.[1] ?? text;
}
