/** How far back the events go that are shown. */
import type { ReactNode } from "react";
import { useFormats, useText } from "../i18n/language-provider.tsx";

export function EventsSince(properties: { readonly since: number }): ReactNode {
  const text = useText();
  const formats = useFormats();
  return (
    <p className="quiet events-since">
      {text("ui.events.since", { time: formats.instant(properties.since) })}
    </p>
  );
}
