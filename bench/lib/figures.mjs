// How figures are summed up and written.

/** The middle one of some values, by what `key` makes of them. */
export function median(values, key = Number) {
  return [...values].sort((a, b) => key(a) - key(b))[Math.floor(values.length / 2)];
}

export const thousands = (number) => Math.round(number).toLocaleString("en-US");

/** A size in bytes. */
export const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
