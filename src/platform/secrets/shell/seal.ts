/**
 * Values on the disk: AES-256-GCM with a key of this cluster, bound to the path they are kept under, so that no record
 * can be put in another's place (ADR 0148).
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

export interface Seal {
  /** base64 of nonce, tag and what is sealed. */
  close(path: string, value: Buffer): string;
  /** Throws when the key is another's or the text was changed. */
  open(path: string, sealed: string): Buffer;
}

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** The key is made once, and readable by the cluster's user alone. */
export function openSeal(file: string): Seal {
  if (!existsSync(file)) {
    writeFileSync(`${file}.part`, randomBytes(keyBytes), { mode: 0o600 });
    renameSync(`${file}.part`, file);
  }
  const key = readFileSync(file);
  if (key.length !== keyBytes)
    throw new Error(`${file} is no key: it has ${key.length} bytes, not ${keyBytes}`);
  return {
    close: (path, value) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(path));
      const body = Buffer.concat([cipher.update(value), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
    },
    open: (path, sealed) => {
      const bytes = Buffer.from(sealed, "base64");
      const nonce = bytes.subarray(0, nonceBytes);
      const tag = bytes.subarray(nonceBytes, nonceBytes + tagBytes);
      const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(path)).setAuthTag(tag);
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
    },
  };
}
