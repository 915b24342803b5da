/**
 * The one catalogue of texts for people: ICU MessageFormat, by typed key, in English and Chinese.
 *
 * `en.json` declares the keys; `messages.test.ts` holds `zh.json` to the same keys and the same parameters.
 */
import { IntlMessageFormat } from "intl-messageformat";
import en from "./en.json" with { type: "json" };
import zh from "./zh.json" with { type: "json" };

export type MessageKey = keyof typeof en;
export type Language = "en" | "zh";
export type MessageParameters = Readonly<Record<string, string | number>>;

const catalogues: Readonly<Record<Language, Readonly<Record<MessageKey, string>>>> = { en, zh };
const formats = new Map<string, IntlMessageFormat>();

/** The text of `key` in `language`, with its parameters filled in. */
export function text(language: Language, key: MessageKey, parameters: MessageParameters = {}): string {
  const id = `${language} ${key}`;
  let format = formats.get(id);
  if (format === undefined) {
    format = new IntlMessageFormat(catalogues[language][key], language);
    formats.set(id, format);
  }
  return String(format.format(parameters));
}

/** The language of a shell, from the value of LC_ALL, LC_MESSAGES or LANG; English unless it is Chinese. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = environment["LC_ALL"] || environment["LC_MESSAGES"] || environment["LANG"] || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
