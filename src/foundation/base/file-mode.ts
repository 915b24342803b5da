/** Types of `st_mode` by their bits. */
const fileTypes: Readonly<Record<number, string>> = {
  9604: "d",
  21609: "l",
  2401: "p",
  26411: "s",
  4802: "c",
  14406: "b",
};

/** As `ls -l` writes it: `-rw-r--r--`. */
export function fileModeText(mode: number): string {
  const bits = [6, 3, 0].map((shift) => {
    const three = (mode >> shift) & 7;
    return `${three & 4 ? "r" : "-"}${three & 2 ? "w" : "-"}${three & 1 ? "x" : "-"}`;
  });
  return `${fileTypes[mode & 0o170000] ?? "-"}${bits.join("")}`;
}
