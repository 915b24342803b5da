/** A definition as JSON or YAML, to read, copy and download. */
import { Button, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { type ReactNode, useMemo } from "react";
import { useText } from "../../i18n/language-provider.tsx";
import { downloadText } from "../download.ts";
import { CodeEditor } from "../editor/code-editor.tsx";
import classes from "./definition.module.css";
import { type JsonFields, openDocument, type Syntax } from "./document.ts";

export function DefinitionText(properties: {
  readonly definition: JsonFields;
  readonly syntax: Syntax;
  /** The service's id; names the file. */
  readonly name: string;
}): ReactNode {
  const { definition, syntax, name } = properties;
  const text = useText();
  const written = useMemo(() => openDocument(definition)[syntax], [definition, syntax]);
  const file = `${name
    .split("/")
    .filter((part) => part !== "")
    .join("-")}.${syntax}`;
  return (
    <div>
      <div className={classes.textTools}>
        <CopyButton value={written}>
          {({ copied, copy }) => (
            <Button
              size="xs"
              variant="default"
              leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
              onClick={copy}
            >
              {text(copied ? "ui.copied" : "ui.copy")}
            </Button>
          )}
        </CopyButton>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() => downloadText(file, written)}
        >
          {text("ui.download")}
        </Button>
      </div>
      <CodeEditor syntax={syntax} text={written} label={text(`ui.configuration.view.${syntax}`)} />
    </div>
  );
}
