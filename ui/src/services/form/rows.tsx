/** Rows that come and go, with a button that takes each away and one that adds another. */
import { IconPlus, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { IconButton } from "../../components/icon-button.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./form.module.css";
import { RowButton } from "./row-button.tsx";

export function Rows<Item>(properties: {
  /** Of the field whose rows they are. */
  readonly name: string;
  readonly items: readonly Item[];
  /** Rows of several fields stand in a frame of their own. */
  readonly isFramed?: boolean;
  readonly isDisabled: boolean;
  /** What an added one is at first. */
  readonly fresh: Item;
  readonly change: (items: readonly Item[]) => void;
  readonly show: (item: Item, index: number) => ReactNode;
}): ReactNode {
  const { name, items, isFramed = false, isDisabled, fresh, change, show } = properties;
  const text = useText();
  const removeButton = (index: number): ReactNode => (
    <IconButton
      label={text("ui.form.removeItem", { name, number: index + 1 })}
      disabled={isDisabled}
      onClick={() => change(items.filter((_item, other) => other !== index))}
    >
      <IconX size={16} />
    </IconButton>
  );
  return (
    <>
      {items.map((item, index) =>
        isFramed ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have nothing but their place
          <fieldset key={index} className={classes.item}>
            <legend className={classes.hidden}>{text("ui.form.item", { name, number: index + 1 })}</legend>
            <div className={classes.itemFields}>{show(item, index)}</div>
            {removeButton(index)}
          </fieldset>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have nothing but their place
          <div key={index} className={classes.row}>
            {show(item, index)}
            {removeButton(index)}
          </div>
        ),
      )}
      <RowButton
        icon={IconPlus}
        textKey="ui.form.add"
        isDisabled={isDisabled}
        onClick={() => change([...items, fresh])}
      />
    </>
  );
}

/** A list without rows is not written. */
export const orAbsent = <Item,>(items: readonly Item[]): readonly Item[] | undefined =>
  items.length === 0 ? undefined : items;
