import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** `text` in a colour, where the stream is a terminal that has colours and `NO_COLOR` is not set. */
export function paint(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.hasColors?.() ? styleText(format, text, { validateStream: false }) : text;
}
