/** Tells whoever watches a container that its run is over, once the core knows how. */
export class RunEnds {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** The answer takes the listener away. */
  on(containerId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(containerId) ?? new Set();
    this.#listeners.set(containerId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(containerId);
    };
  }

  tell(containerId: string): void {
    for (const listener of [...(this.#listeners.get(containerId) ?? [])]) listener();
  }
}
