/**
 * The one catalogue of texts for people: ICU MessageFormat, by typed key, in English and Chinese.
 *
 * One file an area; `en/` declares the keys, and `messages.test.ts` holds `zh/` to the same keys and parameters.
 */
import { IntlMessageFormat } from "intl-messageformat";
import enCli from "./en/cli.json" with { type: "json" };
import enCommands from "./en/commands.json" with { type: "json" };
import enConsole from "./en/console.json" with { type: "json" };
import enConsoleJobs from "./en/console-jobs.json" with { type: "json" };
import enConsoleService from "./en/console-service.json" with { type: "json" };
import enDefinitions from "./en/definitions.json" with { type: "json" };
import enDoor from "./en/door.json" with { type: "json" };
import enErrors from "./en/errors.json" with { type: "json" };
import enImport from "./en/import.json" with { type: "json" };
import enJobs from "./en/jobs.json" with { type: "json" };
import enOffers from "./en/offers.json" with { type: "json" };
import enPlan from "./en/plan.json" with { type: "json" };
import enReasons from "./en/reasons.json" with { type: "json" };
import enUp from "./en/up.json" with { type: "json" };
import zhCli from "./zh/cli.json" with { type: "json" };
import zhCommands from "./zh/commands.json" with { type: "json" };
import zhConsole from "./zh/console.json" with { type: "json" };
import zhConsoleJobs from "./zh/console-jobs.json" with { type: "json" };
import zhConsoleService from "./zh/console-service.json" with { type: "json" };
import zhDefinitions from "./zh/definitions.json" with { type: "json" };
import zhDoor from "./zh/door.json" with { type: "json" };
import zhErrors from "./zh/errors.json" with { type: "json" };
import zhImport from "./zh/import.json" with { type: "json" };
import zhJobs from "./zh/jobs.json" with { type: "json" };
import zhOffers from "./zh/offers.json" with { type: "json" };
import zhPlan from "./zh/plan.json" with { type: "json" };
import zhReasons from "./zh/reasons.json" with { type: "json" };
import zhUp from "./zh/up.json" with { type: "json" };

const en = {
  ...enDefinitions,
  ...enErrors,
  ...enCli,
  ...enCommands,
  ...enConsole,
  ...enConsoleJobs,
  ...enConsoleService,
  ...enDoor,
  ...enImport,
  ...enJobs,
  ...enOffers,
  ...enPlan,
  ...enReasons,
  ...enUp,
};
const zh = {
  ...zhDefinitions,
  ...zhErrors,
  ...zhCli,
  ...zhCommands,
  ...zhConsole,
  ...zhConsoleJobs,
  ...zhConsoleService,
  ...zhDoor,
  ...zhImport,
  ...zhJobs,
  ...zhOffers,
  ...zhPlan,
  ...zhReasons,
  ...zhUp,
};

export type MessageKey = keyof typeof en;
export type Language = "en" | "zh";
export type MessageParameters = Readonly<Record<string, string | number>>;

/** Every text, for tests and for clients that format on their own. */
export const catalogues: Readonly<Record<Language, Readonly<Record<MessageKey, string>>>> = { en, zh };
const formats = new Map<string, IntlMessageFormat>();
/** Without these a text stands for itself, and nothing of ICU is needed. */
const formatted = /[{}'<]/;

/** The text of `key` in `language`, with its parameters filled in. */
export function text(language: Language, key: MessageKey, parameters: MessageParameters = {}): string {
  const pattern = catalogues[language][key];
  if (!formatted.test(pattern)) return pattern;
  const id = `${language} ${key}`;
  let format = formats.get(id);
  if (format === undefined) {
    format = new IntlMessageFormat(pattern, language);
    formats.set(id, format);
  }
  return String(format.format(parameters));
}

export const isMessageKey = (key: string): key is MessageKey => Object.hasOwn(en, key);

/** The language of a shell, from the value of LC_ALL, LC_MESSAGES or LANG; English unless it is Chinese. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = environment["LC_ALL"] || environment["LC_MESSAGES"] || environment["LANG"] || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
