/** The most arguments that a family of macros has members for. */
export const maxArguments = 12;

/** 0, 1, … up to `count`, which is left out. */
export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** A `#define` over several lines. */
export function macro(head: string, ...body: readonly string[]): string {
  return [`#define ${head}`, ...body.map(line => `  ${line}`)].join(' \\\n');
}

/** Of a list, its first `count`, as parameters or arguments: `a0, a1`. */
export const names = (count: number, letter = 'a'): string =>
  upTo(count)
    .map(i => `${letter}${i}`)
    .join(', ');

/**
 * `__rawbpf_pick(PREFIX, ARGS…)` is PREFIX with the number of ARGS at its end. Each header has it, because each can be included alone, and C lets a macro be defined
 * twice in the same words.
 */
export const pick = [
  `#define __rawbpf_nth(${names(maxArguments + 1, 'n')}, n, ...) n`,
  `#define __rawbpf_count(...) __rawbpf_nth(_, ##__VA_ARGS__, ${upTo(maxArguments + 1)
    .map(i => maxArguments - i)
    .join(', ')})`,
  '#define __rawbpf_paste(a, b) a##b',
  '#define __rawbpf_join(a, b) __rawbpf_paste(a, b)',
  '#define __rawbpf_pick(prefix, ...) __rawbpf_join(prefix, __rawbpf_count(__VA_ARGS__))',
].join('\n');

/**
 * A program `name` of `context` that calls the function whose body follows the macro. The cast of its arguments to what it takes would be warned of, as they come out of
 * registers.
 */
export function program(
  head: string,
  context: string,
  parameters: string,
  ...body: readonly string[]
): string {
  return macro(
    head,
    `name(${context});`,
    `static __always_inline typeof(name(0)) ____##name(${context}${parameters});`,
    `typeof(name(0)) name(${context}) {`,
    '  _Pragma("GCC diagnostic push")',
    '  _Pragma("GCC diagnostic ignored \\"-Wint-conversion\\"")',
    ...body.map(line => `  ${line}`),
    '  _Pragma("GCC diagnostic pop")',
    '}',
    `static __always_inline typeof(name(0)) ____##name(${context}${parameters})`,
  );
}
