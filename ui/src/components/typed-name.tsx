/** What must be typed before something is done that can't be undone. */
import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useText } from "../i18n/language-provider.tsx";

export function TypedName(properties: {
  /** Undefined: nothing must be typed. */
  readonly name: string | undefined;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const { name, value, onChange } = properties;
  const text = useText();
  if (name === undefined) return null;
  return (
    <TextInput
      label={text("ui.confirm.type", { name })}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
      data-autofocus
    />
  );
}

export const isTyped = (name: string | undefined, value: string): boolean =>
  name === undefined || value.trim() === name;
