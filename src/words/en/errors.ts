/** One sentence for each error code: what failed. `{where}`, `{expected}` and `{found}` are filled in by the error. */
export const errors = {
  'error.expected': 'expected',
  'error.found': 'found',
} as const;
