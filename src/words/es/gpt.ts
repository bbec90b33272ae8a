import type { gpt as en } from '../en/gpt.ts';

export const gpt = {} as const satisfies Record<keyof typeof en, string>;
