/** The languages of the console and how one is chosen: as a person set it, else as the browser says. */
export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

/** Where the choice is kept; `public/first-paint.js` reads the same. */
export const languageStorageKey = "keelson-language";

/** The language for a stored choice and the browser's list; English when neither says Chinese. */
export function chooseLanguage(stored: string | null, preferred: readonly string[]): Language {
  if (stored === "en" || stored === "zh") return stored;
  return /^zh/i.test(preferred[0] ?? "") ? "zh" : "en";
}
