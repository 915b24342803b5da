/** What the palette knows by itself: pages and actions of the console. Objects of the cluster come from the server. */
import { useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { logOut } from "../../data/session.ts";
import type { TextKey } from "../../i18n/catalogue.ts";
import { useLanguage, useText } from "../../i18n/language-provider.tsx";
import { places } from "../nav.tsx";
import { openShortcutHelp } from "../shortcuts.tsx";
import type { Searchable } from "./matching.ts";
import { pinyinOf } from "./pinyin.ts";

export interface Entry extends Searchable {
  readonly key: string;
  readonly group: TextKey;
  readonly title: string;
  run(): void;
}

export function useOwnEntries(): readonly Entry[] {
  const text = useText();
  const { language, choose } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const plain: Omit<Entry, "haystacks">[] = [
    ...places.map(({ to, title }) => ({
      key: to,
      group: "ui.search.group.pages" as const,
      title: text(title),
      run: () => void navigate({ to }),
    })),
    ...(
      [
        ["ui.create.title", () => void navigate({ to: "/services/new" })],
        ["ui.jobs.new", () => void navigate({ to: "/jobs/new" })],
        ["ui.search.action.light", () => setColorScheme("light")],
        ["ui.search.action.dark", () => setColorScheme("dark")],
        ["ui.search.action.system", () => setColorScheme("auto")],
        ["ui.search.action.language", () => choose(language === "zh" ? "en" : "zh")],
        ["ui.shortcuts.title", openShortcutHelp],
        ["ui.search.action.logOut", () => void logOut().finally(() => void navigate({ to: "/login" }))],
      ] as const
    ).map(([title, run]) => ({
      key: title,
      group: "ui.search.group.actions" as const,
      title: text(title),
      run,
    })),
  ];
  const titles = plain.map(({ title }) => title);
  const pinyin = useQuery({
    queryKey: ["pinyin", ...titles],
    queryFn: () => Promise.all(titles.map(pinyinOf)),
    enabled: language === "zh",
    staleTime: Number.POSITIVE_INFINITY,
  });
  return plain.map((entry, at) => ({
    ...entry,
    haystacks: [entry.title.toLowerCase(), ...(pinyin.data?.[at] ?? [])],
  }));
}
