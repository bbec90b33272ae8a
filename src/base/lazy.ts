/** Evaluates on first use: a context value may rely on rows above the one that asks for it. */
export function lazy<T extends object | number | boolean | string>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}
