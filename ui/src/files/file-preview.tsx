/** The beginning of a file, or a picture. */
import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useOverDrawer } from "../components/side-drawer.tsx";
import { Failed, Loading } from "../components/states.tsx";
import { keys } from "../data/keys.ts";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import { plainText } from "../logs/ansi.ts";
import classes from "./files.module.css";
import { imageBytesMax, type Preview, previewOf } from "./preview.ts";
import { readBeginning, type SandboxEntry, type SandboxTask } from "./sandbox-files.ts";

export function FilePreview(properties: {
  readonly task: SandboxTask;
  readonly entry: SandboxEntry;
  readonly onClose: () => void;
}): ReactNode {
  const { task, entry, onClose } = properties;
  const text = useText();
  useOverDrawer();
  const file = useQuery({
    queryKey: [...keys.task(task.taskId, "file"), entry.path, entry.changedAt],
    queryFn: async ({ signal }) =>
      previewOf(await readBeginning(task, entry, imageBytesMax, signal), entry.size),
    gcTime: 0,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={entry.path}
      size="min(900px, 96vw)"
      closeButtonProps={{ "aria-label": text("ui.close") }}
    >
      {file.data !== undefined ? (
        <Shown preview={file.data} entry={entry} />
      ) : file.error === null ? (
        <Loading />
      ) : (
        <Failed error={file.error} onRetry={() => void file.refetch()} />
      )}
    </Modal>
  );
}

function Shown(properties: { readonly preview: Preview; readonly entry: SandboxEntry }): ReactNode {
  const { preview, entry } = properties;
  const text = useText();
  const formats = useFormats();
  if (preview.kind === "binary")
    return <p className="quiet">{text("ui.files.binary", { size: formats.bytes(entry.size) })}</p>;
  if (preview.kind === "image")
    return <img className={classes.image} src={preview.dataUrl} alt={entry.name} />;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className={classes.text} tabIndex={0}>
        {preview.text.split("\n").map(plainText).join("\n")}
      </pre>
      {preview.isCut ? (
        <p className="quiet">{text("ui.files.cut", { size: formats.bytes(entry.size) })}</p>
      ) : null}
    </>
  );
}
