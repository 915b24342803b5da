/** Gives every component the texts and formats of the language shown, and lets one choose another. */
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { loadTexts, type Translate } from "./catalogue.ts";
import { createFormats, type Formats } from "./formats.ts";
import { type Language, languageStorageKey } from "./languages.ts";

interface Shown {
  readonly language: Language;
  readonly text: Translate;
  readonly formats: Formats;
  choose(language: Language): void;
}

const LanguageContext = createContext<Shown | undefined>(undefined);

/** `initial` is loaded before the first drawing, so that no text flickers. */
export function LanguageProvider(properties: {
  readonly initial: { readonly language: Language; readonly text: Translate };
  readonly children: ReactNode;
}): ReactNode {
  const [{ language, text }, setShown] = useState(properties.initial);
  const choose = useCallback((next: Language) => {
    localStorage.setItem(languageStorageKey, next);
    void loadTexts(next).then((loaded) => setShown({ language: next, text: loaded }));
  }, []);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  const shown = useMemo(
    () => ({ language, text, formats: createFormats(language), choose }),
    [language, text, choose],
  );
  return <LanguageContext value={shown}>{properties.children}</LanguageContext>;
}

function useShown(): Shown {
  const shown = use(LanguageContext);
  if (shown === undefined) throw new Error("useText needs a LanguageProvider above it");
  return shown;
}

export const useText = (): Translate => useShown().text;
export const useFormats = (): Formats => useShown().formats;

/** The language shown, and how to choose another. */
export function useLanguage(): Pick<Shown, "language" | "choose"> {
  return useShown();
}
