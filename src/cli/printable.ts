/**
 * A name or message of somebody else, on one line: control characters as C writes them. Whoever names a file, process or section could otherwise forge
 * lines of output.
 */
export function printable(text: string): string {
  return text.replace(control, escaped);
}

/**
 * Text on its way to a stream. Of control characters a terminal gets ends of lines, tabs and colours only: others move the cursor, set its title, or have
 * it type (as `ls` and `git` do it). A file or pipe gets all as it is.
 */
export function printableOn(stream: NodeJS.WriteStream, text: string): string {
  return stream.isTTY ? text.replace(controlOrColour, escapedUnlessColour) : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\0-\x1f\x7f-\x9f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controlOrColour = /\x1b\[[\d;]*m|[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

const letters: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(character: string): string {
  return letters[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

const escapedUnlessColour = (found: string): string => (found.length > 1 ? found : escaped(found));
