const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A byte count in the largest unit that holds it without a fraction: `1984 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value} ${units[unit] as string}`;
}

/** The same for 2^bits, without a space: `4K`, `512M`, `1G`. */
export const shortSize = (bits: number): string => sizeText(2 ** bits).replace(/ (.).*/, '$1');
