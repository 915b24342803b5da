/** Keys that work on every page, and the help that lists them. */
import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useText } from "../i18n/language-provider.tsx";
import { places } from "./nav.tsx";
import classes from "./shortcuts.module.css";

const helpEvent = "keelson-shortcut-help";
/** `g` and the letter after it belong together when they come within this time. */
const sequenceMs = 1_200;

export const openShortcutHelp = (): void => void window.dispatchEvent(new Event(helpEvent));

/** Whether a key goes into a field, where it is text and no shortcut. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export function Shortcuts(): ReactNode {
  const text = useText();
  const navigate = useNavigate();
  const [isOpen, setIsOpen] = useState(false);
  const goPressedAt = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const open = (): void => setIsOpen(true);
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = places.find(({ letter }) => letter === event.key);
      if (place !== undefined && event.timeStamp - goPressedAt.current < sequenceMs) {
        goPressedAt.current = Number.NEGATIVE_INFINITY;
        void navigate({ to: place.to });
      } else if (event.key === "g") {
        goPressedAt.current = event.timeStamp;
      } else if (event.key === "?") {
        open();
      } else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("[data-list-filter]");
        if (field === null) return;
        event.preventDefault();
        field.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    window.addEventListener(helpEvent, open);
    return () => {
      window.removeEventListener("keydown", onKey);
      window.removeEventListener(helpEvent, open);
    };
  }, [navigate]);

  return (
    <Modal
      opened={isOpen}
      onClose={() => setIsOpen(false)}
      title={text("ui.shortcuts.title")}
      closeButtonProps={{ "aria-label": text("ui.close") }}
    >
      <dl className={classes.list}>
        <Shortcut keys={["Ctrl", "K"]} does={text("ui.shortcuts.search")} />
        <Shortcut keys={["/"]} does={text("ui.shortcuts.filter")} />
        <Shortcut keys={["?"]} does={text("ui.shortcuts.help")} />
        {places.map(({ to, title, letter }) => (
          <Shortcut key={to} keys={["g", letter]} does={text("ui.shortcuts.go", { page: text(title) })} />
        ))}
      </dl>
    </Modal>
  );
}

function Shortcut(properties: { readonly keys: readonly string[]; readonly does: string }): ReactNode {
  return (
    <div>
      <dt>
        {properties.keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{properties.does}</dd>
    </div>
  );
}
