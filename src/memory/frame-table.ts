// Where a frame number finds its slot of the pool: a two-level table below 1 TiB, a hash map above.

/** Frames that the two-level table covers, whatever a machine has: untouched, the table costs address space only. */
export const DENSE_FRAMES = 2 ** 28;
/** The same for the inner loop: V8 folds a constant of the module, but loads one that is exported each time. */
const DENSE = DENSE_FRAMES;
const LEAF_BITS = 9;
const LEAF_SIZE = 1 << LEAF_BITS;

export class FrameTable {
  readonly #directory = new Int32Array(DENSE / LEAF_SIZE);
  #leaves = new Int32Array(LEAF_SIZE * 4);
  /** Leaf 0 stays empty: it is where every chunk without frames points. */
  #leafCount = 1;
  readonly #far = new Map<number, number>();

  /** Slot of a frame; 0 when it has none. */
  get(frame: number): number {
    if (frame < DENSE) {
      const leaf = this.#directory[frame >>> LEAF_BITS] as number;
      return this.#leaves[(leaf << LEAF_BITS) + (frame & (LEAF_SIZE - 1))] as number;
    }
    return this.#far.get(frame) ?? 0;
  }

  /** Gives a frame a slot, or takes it away with 0. */
  set(frame: number, slot: number): void {
    if (frame >= DENSE) {
      if (slot === 0) this.#far.delete(frame);
      else this.#far.set(frame, slot);
      return;
    }
    const chunk = frame >>> LEAF_BITS;
    let leaf = this.#directory[chunk] as number;
    if (leaf === 0) {
      leaf = this.#leafCount++;
      if (this.#leafCount * LEAF_SIZE > this.#leaves.length) {
        const leaves = new Int32Array(this.#leaves.length * 2);
        leaves.set(this.#leaves);
        this.#leaves = leaves;
      }
      this.#directory[chunk] = leaf;
    }
    this.#leaves[(leaf << LEAF_BITS) + (frame & (LEAF_SIZE - 1))] = slot;
  }
}
