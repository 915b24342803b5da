/** The search palette: type a few letters, choose with the arrows, Enter goes there. */
import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import { places } from "../nav.tsx";
import classes from "./palette.module.css";

export function Palette(properties: { readonly onClose: () => void }): ReactNode {
  const text = useText();
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = places.filter(({ title }) => text(title).toLowerCase().includes(words.toLowerCase()));
  const go = (index: number): void => {
    const place = found[index];
    if (place === undefined) return;
    properties.onClose();
    void navigate({ to: place.to });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setChosen(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") go(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Modal opened onClose={properties.onClose} withCloseButton={false} padding={0} yOffset="12vh" size={600}>
      <input
        className={classes.input}
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls="palette-results"
        aria-activedescendant={`palette-${chosen}`}
        aria-label={text("ui.search.open")}
        placeholder={text("ui.search.placeholder")}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
      />
      <div
        id="palette-results"
        role="listbox"
        aria-label={text("ui.search.results")}
        className={classes.results}
      >
        {found.map(({ to, title }, index) => (
          <div
            key={to}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className={classes.result}
            onMouseMove={() => setChosen(index)}
            onMouseDown={(event) => {
              event.preventDefault();
              go(index);
            }}
          >
            {text(title)}
          </div>
        ))}
      </div>
    </Modal>
  );
}
