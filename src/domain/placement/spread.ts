/**
 * How instances are spread over the values of one field, kept up to date instance by instance, so that a constraint
 * is judged without counting anything again.
 */
export class Spread {
  readonly #counts = new Map<string, number>();
  /** How many values have a count. Few different counts exist, however many values do. */
  readonly #valuesWith = new Map<number, number>();

  static of(counts: Iterable<readonly [string, number]>): Spread {
    const spread = new Spread();
    for (const [value, count] of counts) for (let added = 0; added < count; added += 1) spread.add(value);
    return spread;
  }

  /** Values that at least one instance has. */
  get values(): number {
    return this.#counts.size;
  }

  /** The value that has been held for longest. */
  get first(): string | undefined {
    const first = this.#counts.keys().next();
    return first.done === true ? undefined : first.value;
  }

  /** Instances with this value. */
  count(value: string): number {
    return this.#counts.get(value) ?? 0;
  }

  has(value: string): boolean {
    return this.#counts.has(value);
  }

  /** Instances of the value that has fewest; 0 when there is none. */
  get smallest(): number {
    let smallest = Number.POSITIVE_INFINITY;
    for (const count of this.#valuesWith.keys()) smallest = Math.min(smallest, count);
    return Number.isFinite(smallest) ? smallest : 0;
  }

  /** Values with more instances than `count`. */
  valuesAbove(count: number): number {
    let values = 0;
    for (const [each, number] of this.#valuesWith) if (each > count) values += number;
    return values;
  }

  add(value: string): void {
    this.#move(value, this.count(value) + 1);
  }

  remove(value: string): void {
    this.#move(value, this.count(value) - 1);
  }

  toJson(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  #move(value: string, to: number): void {
    const from = this.count(value);
    if (from > 0) this.#tally(from, -1);
    if (to > 0) {
      this.#counts.set(value, to);
      this.#tally(to, 1);
    } else {
      this.#counts.delete(value);
    }
  }

  #tally(count: number, change: 1 | -1): void {
    const values = (this.#valuesWith.get(count) ?? 0) + change;
    if (values === 0) this.#valuesWith.delete(count);
    else this.#valuesWith.set(count, values);
  }
}
