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
