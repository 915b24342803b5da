/** What is wrong with an id that a framework chose. Ids are parts of paths: of sandboxes, of volumes, of addresses. */

export const idLengthMax = 255;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly what is refused
const noPathPart = /[\u0000-\u001f\u007f/\\]/;

/** `characters`: a slash, a backslash or a control character is in it. */
export type IdFault = "empty" | "dots" | "length" | "characters";

export function idFault(id: string): IdFault | undefined {
  if (id === "") return "empty";
  if (id === "." || id === "..") return "dots";
  if (id.length > idLengthMax) return "length";
  return noPathPart.test(id) ? "characters" : undefined;
}
