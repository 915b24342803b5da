/** Chooses the language; each is named in itself, so that one finds one's own. */
import { SegmentedControl } from "@mantine/core";
import type { ReactNode } from "react";
import { useLanguage, useText } from "../i18n/language-provider.tsx";

export function LanguageSwitch(): ReactNode {
  const text = useText();
  const { language, choose } = useLanguage();
  return (
    <SegmentedControl
      size="xs"
      aria-label={text("ui.settings.language")}
      value={language}
      onChange={(value) => choose(value === "zh" ? "zh" : "en")}
      data={[
        { value: "en", label: text("ui.language.en") },
        { value: "zh", label: text("ui.language.zh") },
      ]}
    />
  );
}
