/** What the resources of one run reserve, each under keys. */
export class Reservations<T> {
  /** By key, then by the URN of the holder. */
  readonly #held = new Map<string, Map<string, T>>();
  /** The keys that a resource holds, by its URN. */
  readonly #keys = new Map<string, Set<string>>();

  release(urn: string): void {
    for (const key of this.#keys.get(urn) ?? []) {
      const holders = this.#held.get(key);
      holders?.delete(urn);
      if (holders?.size === 0) this.#held.delete(key);
    }
    this.#keys.delete(urn);
  }

  reserve(key: string, urn: string, what: T): void {
    const holders = this.#held.get(key) ?? new Map<string, T>();
    this.#held.set(key, holders.set(urn, what));
    const keys = this.#keys.get(urn) ?? new Set();
    this.#keys.set(urn, keys.add(key));
  }

  /** What is reserved under a key, by the URN of the holder; the earliest first. */
  of(key: string): Iterable<[urn: string, what: T]> {
    return this.#held.get(key) ?? [];
  }
}
