/** Loads the console's texts for one language and formats them. A language that is not shown is not loaded. */
import { IntlMessageFormat } from "intl-messageformat";
import type enConsole from "#contracts/messages/en/console.json";
import type enJobs from "#contracts/messages/en/console-jobs.json";
import type enService from "#contracts/messages/en/console-service.json";
import type enErrors from "#contracts/messages/en/errors.json";
import type { Language } from "./languages.ts";

export type TextKey =
  | keyof typeof enConsole
  | keyof typeof enJobs
  | keyof typeof enService
  | keyof typeof enErrors;
export type TextParameters = Readonly<Record<string, string | number>>;
/** The text of a key, with its parameters filled in. */
export type Translate = (key: TextKey, parameters?: TextParameters) => string;
type Catalogue = Readonly<Record<TextKey, string>>;

const loaders: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => ({
    ...(await import("#contracts/messages/en/console.json")).default,
    ...(await import("#contracts/messages/en/console-jobs.json")).default,
    ...(await import("#contracts/messages/en/console-service.json")).default,
    ...(await import("#contracts/messages/en/errors.json")).default,
  }),
  zh: async () => ({
    ...(await import("#contracts/messages/zh/console.json")).default,
    ...(await import("#contracts/messages/zh/console-jobs.json")).default,
    ...(await import("#contracts/messages/zh/console-service.json")).default,
    ...(await import("#contracts/messages/zh/errors.json")).default,
  }),
};

export async function loadTexts(language: Language): Promise<Translate> {
  const catalogue = await loaders[language]();
  const formats = new Map<TextKey, IntlMessageFormat>();
  return (key, parameters) => {
    const message = catalogue[key];
    // Most texts have no parameters, and those need no parsing.
    if (parameters === undefined && !/[{}']/.test(message)) return message;
    let format = formats.get(key);
    if (format === undefined) {
      format = new IntlMessageFormat(message, language);
      formats.set(key, format);
    }
    return String(format.format(parameters));
  };
}
