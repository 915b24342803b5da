/** Opens the search palette, by click or Ctrl/Cmd-K; what it needs is loaded on the first use. */
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { ServiceActionDialog } from "../../services/service-action-dialog.tsx";
import type { ServiceAction } from "../../services/service-actions.ts";
import classes from "../shell.module.css";

const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));
/** Names of keys are the same in every language. */
const searchKeys = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K";

export function SearchButton(): ReactNode {
  const text = useText();
  const [isOpen, setIsOpen] = useState(false);
  const [asking, setAsking] = useState<{
    readonly action: ServiceAction;
    readonly services: readonly ServiceItem[];
  }>();
  // Also while one types in a field.
  useHotkeys([["mod+K", () => setIsOpen(true)]], []);
  return (
    <>
      <button
        type="button"
        className={classes.search}
        onClick={() => setIsOpen(true)}
        aria-keyshortcuts="Control+K Meta+K"
      >
        <IconSearch size={16} stroke={1.8} aria-hidden />
        <span>{text("ui.search.open")}</span>
        <kbd aria-hidden>{searchKeys}</kbd>
      </button>
      {isOpen ? (
        <Suspense fallback={null}>
          <Palette
            onClose={() => setIsOpen(false)}
            act={(action, service) => setAsking({ action, services: [service] })}
          />
        </Suspense>
      ) : null}
      {asking === undefined ? null : <ServiceActionDialog {...asking} onClose={() => setAsking(undefined)} />}
    </>
  );
}
