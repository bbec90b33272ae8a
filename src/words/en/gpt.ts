export const gpt = {} as const;
