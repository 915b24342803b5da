/** Opens the search palette, by click or Ctrl/Cmd-K; what it needs is loaded on the first use. */
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "../shell.module.css";

const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));
const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function SearchButton(): ReactNode {
  const text = useText();
  const [isOpen, setIsOpen] = useState(false);
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
        <kbd aria-hidden>{isApple ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      {isOpen ? (
        <Suspense fallback={null}>
          <Palette onClose={() => setIsOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
