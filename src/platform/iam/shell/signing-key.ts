/** The key that signs tokens: made once, kept beside the users, readable by the cluster's user alone. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { CodedError } from "#foundation/base/errors.ts";

/** One entry of `/auth/jwks`. Source: RFC 7517. */
export interface PublicJwk {
  readonly kty: string;
  readonly n: string;
  readonly e: string;
  readonly kid: string;
  readonly alg: "RS256";
  readonly use: "sig";
}

export interface TokenClaims {
  readonly uid: string;
  /** Seconds since the epoch; a token without it does not end. */
  readonly exp?: number;
}

export interface SigningKey {
  readonly jwk: PublicJwk;
  sign(claims: TokenClaims): Promise<string>;
  /** The uid in a token of ours that has not ended, or undefined. */
  uidOf(token: string): Promise<string | undefined>;
}

const modulusLength = 2_048;

export async function openSigningKey(path: string): Promise<SigningKey> {
  if (!existsSync(path)) await makeKey(path);
  const privateKey = createPrivateKey(readFileSync(path, "utf8"));
  const publicKey = createPublicKey(privateKey);
  const jwk = publicJwk(publicKey);
  return {
    jwk,
    sign: async ({ uid, exp }) => {
      const { SignJWT } = await jose();
      const unsigned = new SignJWT({ uid }).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: jwk.kid });
      return (exp === undefined ? unsigned : unsigned.setExpirationTime(exp)).sign(privateKey);
    },
    uidOf: async (token) => (await verifiedClaims(token, publicKey))?.uid,
  };
}

async function makeKey(path: string): Promise<void> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(`${path}.part`, pem, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** Throws `ERR_INVALID_PUBLIC_KEY`. */
export function readPublicKey(pem: string): KeyObject {
  const refuse = (problem: string, cause?: unknown): CodedError =>
    new CodedError("ERR_INVALID_PUBLIC_KEY", problem, { cause });
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw refuse("public_key is not an RSA public key in PEM", error);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa") throw refuse("public_key is not an RSA key");
  if (bits < modulusLength) throw refuse(`public_key has ${bits} bits; ${modulusLength} are wanted`);
  return key;
}

/** What a token signed by `key` with RS256 says, if it has not ended and names a uid. */
export async function verifiedClaims(token: string, key: KeyObject): Promise<TokenClaims | undefined> {
  const { jwtVerify } = await jose();
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: ["RS256"] });
    const { uid, exp } = payload;
    if (typeof uid !== "string" || uid === "") return undefined;
    return { uid, ...(exp === undefined ? {} : { exp }) };
  } catch {
    return undefined;
  }
}

function publicJwk(key: KeyObject): PublicJwk {
  const { n, e } = key.export({ format: "jwk" });
  // The fingerprint of the key as it is, so that it is the same wherever the key is.
  const kid = createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
  return { kty: "RSA", n: n ?? "", e: e ?? "", kid, alg: "RS256", use: "sig" };
}

/** Loaded with the first token: an idle cluster does without it. */
const jose = (): Promise<typeof import("jose")> => import("jose");
