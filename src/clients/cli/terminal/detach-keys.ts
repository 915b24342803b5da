/** Ctrl-P Ctrl-Q, which leaves a terminal session; anything else after Ctrl-P goes to the other side with it. */

const ctrlP = 0x10;
const ctrlQ = 0x11;

export class DetachKeys {
  #isHeld = false;

  /** What goes on, and whether the person detached; nothing behind the keys goes on. */
  push(bytes: Buffer): { readonly pass: Buffer; readonly isDetached: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (this.#isHeld && byte === ctrlQ) return { pass: Buffer.from(pass), isDetached: true };
      if (this.#isHeld) pass.push(ctrlP);
      this.#isHeld = byte === ctrlP;
      if (!this.#isHeld) pass.push(byte);
    }
    return { pass: Buffer.from(pass), isDetached: false };
  }
}
