/** What acts are called, in Chinese from a Latin keyboard too. */
import { useQuery } from "@tanstack/react-query";
import { useLanguage } from "../../i18n/language-provider.tsx";
import type { Verb } from "./action-words.ts";
import { pinyinOf } from "./pinyin.ts";

export function useVerbs<Action>(
  acts: readonly { readonly action: Action; readonly name: string }[],
): readonly Verb<Action>[] {
  const { language } = useLanguage();
  const names = acts.map(({ name }) => name);
  const pinyin = useQuery({
    queryKey: ["pinyin", ...names],
    queryFn: () => Promise.all(names.map(pinyinOf)),
    enabled: language === "zh",
    staleTime: Number.POSITIVE_INFINITY,
  });
  return acts.map(({ action, name }, at) => ({
    action,
    spellings: [name.toLowerCase(), ...(pinyin.data?.[at] ?? [])],
  }));
}

/** `field:value` would be judged as a filter; in the palette everything is words. */
export const plainWords = (words: string): string => words.replaceAll(":", " ").trim();
