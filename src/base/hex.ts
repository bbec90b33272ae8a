// How numbers look wherever people read them: hex, grouped by four digits from the right.

/** `0x8800_0000`: an address or a register value. */
export function hex(value: number | bigint, digits = 1): string {
  const text = value.toString(16).padStart(digits, '0');
  return '0x' + text.replace(/\B(?=(?:[0-9a-f]{4})+$)/g, '_');
}

/** Sixty-four bits as binary, grouped by four. */
export function binary(value: bigint, bits: number): string {
  return (
    '0b' +
    value
      .toString(2)
      .padStart(bits, '0')
      .replace(/\B(?=(?:[01]{4})+$)/g, '_')
  );
}
