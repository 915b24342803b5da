/**
 * Sessions of named hosts. What a named host gets is worth something at that host alone: the console's cookie and
 * token never go there. A ticket carries somebody over from the console's address, once and within a minute.
 *
 * Both are signed by a key that only this door has; nothing is stored but the tickets that were used.
 */
import { createHmac, randomBytes } from "node:crypto";
import { isJsonObject } from "#foundation/base/json.ts";
import { isSameSecret } from "#foundation/http/index.ts";

export interface Session {
  readonly uid: string;
  /** Without a port. */
  readonly host: string;
  /** ms UTC */
  readonly expiresAt: number;
}

export const ticketLifeMs = 60_000;
export const sessionLifeMs = 12 * 3_600_000;
const usedMax = 10_000;

export class Sessions {
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #used = new Map<string, number>();

  constructor(doorSecret: string, now: () => number) {
    this.#key = createHmac("sha256", doorSecret).update("sessions of named hosts").digest();
    this.#now = now;
  }

  /** `notAfter`: the end of the token it comes from. */
  ticket(uid: string, host: string, notAfter: number | undefined): string {
    const sessionEnd = Math.min(this.#now() + sessionLifeMs, notAfter ?? Number.POSITIVE_INFINITY);
    return this.#sign({
      use: "ticket",
      uid,
      host,
      exp: this.#now() + ticketLifeMs,
      sessionEnd,
      nonce: randomBytes(12).toString("base64url"),
    });
  }

  /** The cookie's value for a ticket of this host, or undefined; a second time it is undefined. */
  redeem(ticket: string, host: string): { readonly cookie: string; readonly expiresAt: number } | undefined {
    const said = this.#read(ticket);
    if (said?.["use"] !== "ticket" || said["host"] !== host) return undefined;
    const nonce = String(said["nonce"]);
    if (this.#used.has(nonce)) return undefined;
    this.#forgetUsed();
    this.#used.set(nonce, Number(said["exp"]));
    const expiresAt = Number(said["sessionEnd"]);
    const cookie = this.#sign({ use: "session", uid: String(said["uid"]), host, exp: expiresAt });
    return { cookie, expiresAt };
  }

  /** Who a cookie of this host stands for. */
  session(cookie: string, host: string): Session | undefined {
    const said = this.#read(cookie);
    if (said?.["use"] !== "session" || said["host"] !== host) return undefined;
    return { uid: String(said["uid"]), host, expiresAt: Number(said["exp"]) };
  }

  #sign(said: Readonly<Record<string, string | number>>): string {
    const payload = Buffer.from(JSON.stringify(said)).toString("base64url");
    return `${payload}.${this.#mac(payload)}`;
  }

  #read(text: string): Readonly<Record<string, unknown>> | undefined {
    const [payload = "", mac = ""] = text.split(".");
    if (!isSameSecret(mac, this.#mac(payload))) return undefined;
    const said: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (!isJsonObject(said) || Number(said["exp"]) <= this.#now()) return undefined;
    return said;
  }

  #mac(payload: string): string {
    return createHmac("sha256", this.#key).update(payload).digest("base64url");
  }

  /** A ticket that is over is refused by its time: it need not be remembered. */
  #forgetUsed(): void {
    for (const [nonce, exp] of this.#used) {
      if (exp > this.#now() && this.#used.size < usedMax) return;
      this.#used.delete(nonce);
    }
  }
}
