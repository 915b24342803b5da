import { Button } from "@mantine/core";
import type { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { TextKey } from "../../i18n/catalogue.ts";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./form.module.css";

/** Adds rows to a form, or takes them away. */
export function RowButton(properties: {
  readonly icon: typeof IconPlus;
  readonly textKey: TextKey;
  readonly isDisabled: boolean;
  readonly onClick: () => void;
}): ReactNode {
  const { icon: Icon, textKey, isDisabled, onClick } = properties;
  const text = useText();
  return (
    <Button
      className={classes.add ?? ""}
      size="xs"
      variant="default"
      disabled={isDisabled}
      leftSection={<Icon size={14} aria-hidden />}
      onClick={onClick}
    >
      {text(textKey)}
    </Button>
  );
}
