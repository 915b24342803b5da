/** Debian's Chromium, driven by playwright-core. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a browser is; undefined when none is installed (`tools/setup.mjs --tests` does). */
export const browserPath = places.find((path) => existsSync(path));

export function startBrowser(): Promise<Browser> {
  if (browserPath === undefined)
    throw new Error(`no browser at ${places.join(", ")}; run tools/setup.mjs --tests`);
  return chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"],
  });
}
