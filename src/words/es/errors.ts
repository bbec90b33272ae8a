import type { errors as en } from '../en/errors.ts';

export const errors = {
  'error.expected': 'se esperaba',
  'error.found': 'se encontró',
} as const satisfies Record<keyof typeof en, string>;
