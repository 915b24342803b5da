/** The search palette: type a few letters, choose with the arrows, Enter goes there. */
import { Modal } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useEffect, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { useText } from "../../i18n/language-provider.tsx";
import type { ServiceAction } from "../../services/service-actions.ts";
import { useClusterEntries } from "./cluster-entries.ts";
import { useJobEntries } from "./job-entries.ts";
import { bestOf } from "./matching.ts";
import { type Entry, useOwnEntries } from "./own-entries.ts";
import classes from "./palette.module.css";

const ownShownMax = 8;

export function Palette(properties: {
  readonly onClose: () => void;
  readonly act: (action: ServiceAction, service: ServiceItem) => void;
}): ReactNode {
  const text = useText();
  const { onClose, act } = properties;
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState(0);
  const own = bestOf(useOwnEntries(), words, words.trim() === "" ? 20 : ownShownMax);
  const found = onceEach([...own, ...useClusterEntries(words, act), ...useJobEntries(words)]);
  const go = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") setChosen((at) => Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setChosen((at) => Math.max(at - 1, 0));
    else if (event.key === "Enter") go(found[chosen]);
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      yOffset="12vh"
      size={600}
      attributes={{ content: { "aria-label": text("ui.search.open") } }}
      transitionProps={{ duration: 0 }}
    >
      <input
        className={classes.input}
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls="palette-results"
        aria-activedescendant={found.length === 0 ? undefined : `palette-${chosen}`}
        aria-label={text("ui.search.open")}
        placeholder={text("ui.search.placeholder")}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
      />
      {found.length === 0 ? <p className={classes.none}>{text("ui.search.none")}</p> : null}
      <div
        id="palette-results"
        role="listbox"
        aria-label={text("ui.search.results")}
        className={classes.results}
      >
        {found.map((entry, at) => (
          <Result
            key={entry.key}
            id={`palette-${at}`}
            entry={entry}
            isChosen={at === chosen}
            choose={() => setChosen(at)}
            go={() => go(entry)}
          />
        ))}
      </div>
      <p className={classes.hint} aria-hidden>
        {text("ui.search.hint")}
      </p>
    </Modal>
  );
}

/** An act that is asked for by its verb can be one of the single thing found too, while what was found before still shows. */
const onceEach = (entries: readonly Entry[]): readonly Entry[] => [
  ...new Map(entries.map((entry) => [entry.key, entry])).values(),
];

function Result(properties: {
  readonly id: string;
  readonly entry: Entry;
  readonly isChosen: boolean;
  readonly choose: () => void;
  readonly go: () => void;
}): ReactNode {
  const text = useText();
  const { id, entry, isChosen, choose, go } = properties;
  return (
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      className={classes.result}
      onMouseMove={choose}
      onMouseDown={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <span className="clipped">{entry.title}</span>
      <span className={classes.group}>{text(entry.group)}</span>
    </div>
  );
}
