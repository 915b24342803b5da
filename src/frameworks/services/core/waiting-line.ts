/**
 * Members in the order in which they came, each once, with the first one at hand.
 *
 * A `Set` would do but for its cost: looking for its first member passes all that were deleted in front of it.
 */
export class WaitingLine<Member> {
  /** By member, the place it has in the line, counted from the first that ever came. */
  readonly #places = new Map<Member, number>();
  /** Also places of members that left; those are skipped. */
  #line: Member[] = [];
  #passed = 0;
  #head = 0;

  get size(): number {
    return this.#places.size;
  }

  /** Changes nothing for a member that waits already. */
  add(member: Member): void {
    if (this.#places.has(member)) return;
    this.#places.set(member, this.#passed + this.#line.length);
    this.#line.push(member);
  }

  /** Whether it was there. */
  delete(member: Member): boolean {
    return this.#places.delete(member);
  }

  members(): IterableIterator<Member> {
    return this.#places.keys();
  }

  first(): Member | undefined {
    for (; this.#head < this.#line.length; this.#head += 1) {
      const member = this.#line[this.#head] as Member;
      if (this.#places.get(member) === this.#passed + this.#head) {
        this.#dropPassed();
        return member;
      }
    }
    this.#dropPassed();
    return undefined;
  }

  #dropPassed(): void {
    if (this.#head * 2 < this.#line.length || this.#head === 0) return;
    this.#line = this.#line.slice(this.#head);
    this.#passed += this.#head;
    this.#head = 0;
  }
}
