/** Reads what an image's documents say: their form is somebody else's. Source: OCI image specification. */

export const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

/** `sha256:` and 64 digits, which a descriptor names its content by; undefined when it names none of that kind. */
export function digestIn(descriptor: unknown): string | undefined {
  const digest = field(descriptor, "digest");
  return typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}
