const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The 16 bytes of a UUID in text form as base64, the form of `uuid` in status updates. */
export function uuidToBase64(uuid: string): string {
  const hex = uuid.replaceAll("-", "");
  let bits = 0;
  let held = 0;
  let text = "";
  for (const digit of hex) {
    bits = (bits << 4) | Number.parseInt(digit, 16);
    held += 4;
    if (held < 6) continue;
    held -= 6;
    text += alphabet.charAt((bits >> held) & 0x3f);
    bits &= (1 << held) - 1;
  }
  if (held > 0) text += alphabet.charAt((bits << (6 - held)) & 0x3f);
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/** Milliseconds from the begin of version 1's time, the first day of the Gregorian calendar, to 1970. */
const gregorianOffsetMs = 12_219_292_800_000;

/**
 * A version 1 UUID of an instant: its bits of chance, also those below the millisecond, are taken from a version 4 one.
 * Source: RFC 9562, section 5.1; the node is no address, so it has the multicast bit.
 */
export function timeUuid(at: number, randomUuid: string): string {
  const ms = at + gregorianOffsetMs;
  // Ticks of 100 ns need 60 bits: a number holds them in two parts of which the lower has 28.
  const lower = (ms % 0x1000_0000) * 10_000 + (Number.parseInt(randomUuid.slice(0, 8), 16) % 10_000);
  const upper = Math.floor(ms / 0x1000_0000) * 10_000 + Math.floor(lower / 0x1000_0000);
  const low = (upper % 0x10) * 0x1000_0000 + (lower % 0x1000_0000);
  const high = Math.floor(upper / 0x10);
  const node = Number.parseInt(randomUuid.slice(24, 26), 16) | 1;
  return `${hexOf(low, 8)}-${hexOf(high & 0xffff, 4)}-${hexOf((high >>> 16) | 0x1000, 4)}-${randomUuid.slice(19, 24)}${hexOf(node, 2)}${randomUuid.slice(26)}`;
}

const hexOf = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
