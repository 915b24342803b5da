/** A command for the shell, with a button that copies it. */
import { CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./command-line.module.css";
import { IconButton } from "./icon-button.tsx";

export function CommandLine(properties: { readonly command: string }): ReactNode {
  const text = useText();
  return (
    <span className={classes.line}>
      <code>{properties.command}</code>
      <CopyButton value={properties.command}>
        {({ copied, copy }) => (
          <IconButton label={text(copied ? "ui.copied" : "ui.copy")} onClick={copy} size={26}>
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </IconButton>
        )}
      </CopyButton>
    </span>
  );
}
