/** Exit codes of every command. Where several inputs differ, the highest of CannotOpen, Malformed, No and Yes wins. */
export const Exit = { Yes: 0, No: 1, Usage: 2, Malformed: 3, CannotOpen: 4, Bug: 70, Interrupted: 130 } as const;
export type Exit = (typeof Exit)[keyof typeof Exit];
