import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** `text` in a colour, where the stream has colours. */
export function paint(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return hasColours(stream) ? coloured(format, text) : text;
}

/** `text` in a colour, wherever it goes. */
export function coloured(format: Format, text: string): string {
  return styleText(format, text, { validateStream: false });
}

/** As `FORCE_COLOR` says, or else `NO_COLOR` (https://no-color.org), or else the terminal; a file or pipe has none. */
export function hasColours(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: none } = process.env;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return !none && (stream.isTTY ?? false) && stream.hasColors();
}
