/**
 * Tokens that executors prove themselves with: JWT of HS256 whose claims name framework, executor and container.
 * Source: contract mesos.md sections 2.2 and 7 (authenticate_http_executors).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isJsonObject } from "#foundation/base/json.ts";

export interface ExecutorClaims {
  readonly fid: string;
  readonly eid: string;
  readonly cid: string;
}

/** The body of a token is small; anything longer is none of ours. */
const tokenLengthMax = 4_096;

export class ExecutorTokens {
  readonly #key: string;

  /** The key has to be the same after a restart of the agent, or executors that live on are refused. */
  constructor(key: string) {
    this.#key = key;
  }

  issue(claims: ExecutorClaims): string {
    const head = encode({ alg: "HS256", typ: "JWT" });
    const body = encode({ ...claims });
    return `${head}.${body}.${this.#sign(`${head}.${body}`)}`;
  }

  /** What the header `Authorization` proves; undefined when it proves nothing. */
  claimsOf(authorization: string | undefined): ExecutorClaims | undefined {
    const [scheme, token, ...rest] = authorization?.split(" ") ?? [];
    if (scheme?.toLowerCase() !== "bearer" || token === undefined || rest.length > 0) return undefined;
    if (token.length > tokenLengthMax) return undefined;
    const [head = "", body = "", signature = "", ...more] = token.split(".");
    if (more.length > 0 || decode(head)?.["alg"] !== "HS256") return undefined;
    const expected = Buffer.from(this.#sign(`${head}.${body}`));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const claims = decode(body);
    const [fid, eid, cid] = [claims?.["fid"], claims?.["eid"], claims?.["cid"]];
    if (typeof fid !== "string" || typeof eid !== "string" || typeof cid !== "string") return undefined;
    return { fid, eid, cid };
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
