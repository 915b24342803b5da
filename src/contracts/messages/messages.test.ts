import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";
import { catalogues, isMessageKey, languageOf, type MessageKey, text } from "./messages.ts";

const { en, zh } = catalogues;
type Element = ReturnType<IntlMessageFormat["getAst"]>[number];

/** Arguments, those inside plurals and selections too. */
function argumentsIn(elements: readonly Element[]): readonly string[] {
  return elements.flatMap((element) => {
    const isText = element.type === 0 || element.type === 7;
    const inside = "options" in element ? Object.values(element.options).flatMap(({ value }) => value) : [];
    return [...(isText ? [] : [element.value]), ...argumentsIn(inside)];
  });
}

const parametersOf = (message: string): string[] =>
  [...new Set(argumentsIn(new IntlMessageFormat(message, "en").getAst()))].sort();

describe("message catalogue", () => {
  it("has every text in both languages", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    expect(isMessageKey("toString")).toBe(false);
  });

  it.each(Object.keys(en) as MessageKey[])(
    "%s takes the same parameters in both languages and can be formatted",
    (key) => {
      expect(parametersOf(zh[key])).toEqual(parametersOf(en[key]));
      const parameters = Object.fromEntries(parametersOf(en[key]).map((name) => [name, 2]));
      for (const language of ["en", "zh"] as const) {
        const formatted = new IntlMessageFormat(catalogues[language][key], language).format(parameters);
        expect(text(language, key, parameters)).toBe(formatted);
        expect(formatted).not.toBe("");
      }
    },
  );

  it("ux.md§6#8 says everything in Chinese but names, units and what is only parameters", () => {
    const same = /^(?:CPU|GPU|AGENT|JSON|YAML|ID|Node|Keelson|English|Switch to English|[^A-Za-z])*$/;
    const english = Object.entries(zh).filter(([, message]) => {
      const words = message.replace(/\{[^{}]*\}|\{count, plural.*\}/g, "");
      return !/\p{Script=Han}/u.test(message) && !same.test(words);
    });
    expect(english).toEqual([]);
  });

  it("is Chinese for a Chinese shell and English for any other", () => {
    expect(languageOf({ LANG: "zh_CN.UTF-8" })).toBe("zh");
    expect(languageOf({ LANG: "zh_CN.UTF-8", LC_ALL: "C" })).toBe("en");
    expect(languageOf({})).toBe("en");
  });
});
