/** Gives a person a text as a file. */
export function downloadText(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken what it needs when the click returns; kept for a moment for those that have not.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
