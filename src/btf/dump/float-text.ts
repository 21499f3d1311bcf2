/** Where the bits of a float are; `hidden` when the leading 1 of its fraction is not stored. */
interface FloatShape {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly hidden: boolean;
}

/** By size in bytes: IEEE 754 single and double, and the extended format that x86 stores a `long double` in. */
const SHAPES = new Map<number, FloatShape>([
  [4, { exponentBits: 8, fractionBits: 23, hidden: true }],
  [8, { exponentBits: 11, fractionBits: 52, hidden: true }],
  [16, { exponentBits: 15, fractionBits: 64, hidden: false }],
]);

/** The float in these bits as C's `%f` prints it: six decimals, exactly rounded, ties to even. Undefined for a size that is no float's. */
export function floatText(bits: bigint, size: number): string | undefined {
  const shape = SHAPES.get(size);
  if (!shape) return undefined;
  const { exponentBits, fractionBits, hidden } = shape;
  const fraction = BigInt.asUintN(fractionBits, bits);
  const exponent = Number(BigInt.asUintN(exponentBits, bits >> BigInt(fractionBits)));
  const sign = (bits >> BigInt(fractionBits + exponentBits)) & 1n ? '-' : '';
  const largest = 2 ** exponentBits - 1;
  if (exponent === largest)
    return `${sign}${BigInt.asUintN(hidden ? fractionBits : 63, fraction) ? 'nan' : 'inf'}`;
  const one = hidden && exponent > 0 ? 1n << BigInt(fractionBits) : 0n;
  // The value is significand × 2^power; the least normal exponent serves the subnormal numbers, too.
  const power = Math.max(exponent, 1) - (largest >> 1) - (hidden ? fractionBits : fractionBits - 1);
  const millionths = scaled((one | fraction) * 1_000_000n, power);
  const digits = millionths.toString().padStart(7, '0');
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** `value` × 2^`power`, rounded to an integer, ties to even. */
function scaled(value: bigint, power: number): bigint {
  if (power >= 0) return value << BigInt(power);
  const shift = BigInt(-power);
  const whole = value >> shift;
  const rest = value - (whole << shift);
  const half = 1n << (shift - 1n);
  return rest > half || (rest === half && whole & 1n) ? whole + 1n : whole;
}
