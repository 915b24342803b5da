/** What a file is shown as, judged by its first bytes and not by what it calls itself. */

/** Text of at most this many bytes is shown; the rest can be downloaded. */
export const textBytesMax = 262_144;
export const imageBytesMax = 5_242_880;

export type Preview =
  | { readonly kind: "text"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "image"; readonly dataUrl: string }
  | { readonly kind: "binary" };

const imageTypes: readonly { readonly type: string; readonly begins: readonly number[] }[] = [
  { type: "image/png", begins: [0x89, 0x50, 0x4e, 0x47] },
  { type: "image/jpeg", begins: [0xff, 0xd8, 0xff] },
  { type: "image/gif", begins: [0x47, 0x49, 0x46, 0x38] },
];

/** Pictures that can hold scripts are shown as text. */
export function previewOf(bytes: Uint8Array, size: number): Preview {
  const image = imageTypes.find(({ begins }) => begins.every((byte, index) => bytes[index] === byte));
  if (image !== undefined) {
    return bytes.length < size
      ? { kind: "binary" }
      : { kind: "image", dataUrl: `data:${image.type};base64,${toBase64(bytes)}` };
  }
  const shown = bytes.subarray(0, textBytesMax);
  if (shown.includes(0)) return { kind: "binary" };
  try {
    // The last character of a part may be cut; `stream` holds it back.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(shown, { stream: shown.length < size });
    return { kind: "text", text, isCut: shown.length < size };
  } catch {
    return { kind: "binary" };
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8_192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}
