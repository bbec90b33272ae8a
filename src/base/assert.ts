/** Stops the simulator when something we rely on is not so: a bug in us, never an answer to software or people. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** Ends a switch over a union: a case that is not handled does not compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unhandled case ${String(value)}`);
}

/** Our own bug. Nobody catches it but the top of a program, which reports it with exit code 70. */
export class AssertionError extends Error {
  override name = 'AssertionError';
}
