/** How far a copy is, on one line of a terminal; nowhere else. */
import type { Context } from "../context.ts";
import { bytes } from "../output/table.ts";

const redrawMs = 200;
/** Copies that are over sooner are not worth a line. */
const quietMs = 500;

export class ByteProgress {
  bytes = 0;
  readonly #context: Context;
  readonly #name: string;
  readonly #size: number | undefined;
  readonly #startedAt = Date.now();
  #drawnAt = 0;

  constructor(context: Context, name: string, size: number | undefined) {
    this.#context = context;
    this.#name = name;
    this.#size = size;
  }

  add(count: number): void {
    this.bytes += count;
    const now = Date.now();
    if (!this.#isShown(now) || now - this.#drawnAt < redrawMs) return;
    this.#drawnAt = now;
    const of = this.#size === undefined ? "" : ` / ${bytes(this.#size)}`;
    process.stderr.write(`\r\u001b[K${this.#name}  ${bytes(this.bytes)}${of}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#drawnAt > 0) process.stderr.write("\r\u001b[K");
  }

  #isShown(now: number): boolean {
    return process.stderr.isTTY === true && !this.#context.json && now - this.#startedAt > quietMs;
  }
}
