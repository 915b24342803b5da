/** A task's sandbox: go through it, look into a file, take it home, bring one. */
import { Anchor, Breadcrumbs, Button, FileButton, Table } from "@mantine/core";
import { IconDownload, IconFile, IconFolder, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Empty, Failed, Loading } from "../components/states.tsx";
import { keys } from "../data/keys.ts";
import { errorText } from "../i18n/error-text.ts";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import { FilePreview } from "./file-preview.tsx";
import classes from "./files.module.css";
import {
  fileUrl,
  findSandbox,
  listFolder,
  removedAt,
  type SandboxEntry,
  type SandboxTask,
  uploadFile,
} from "./sandbox-files.ts";

export function TaskFiles(properties: SandboxTask & { readonly isRunning: boolean }): ReactNode {
  const { agentId, taskId, isRunning } = properties;
  const task = { agentId, taskId };
  const text = useText();
  const formats = useFormats();
  const [folder, setFolder] = useState("");
  const [opened, setOpened] = useState<SandboxEntry | undefined>();
  const sandbox = useQuery({
    queryKey: [...keys.task(taskId, "sandbox"), agentId],
    queryFn: ({ signal }) => findSandbox(task, signal),
  });
  const directory = sandbox.data;
  const listing = useQuery({
    queryKey: [...keys.task(taskId, "files"), agentId, folder],
    queryFn: ({ signal }) => listFolder(task, directory ?? "", folder, signal),
    enabled: directory !== undefined,
  });
  const error = sandbox.error ?? listing.error;
  const goneAt = removedAt(error);
  if (goneAt !== undefined)
    return (
      <Empty
        title={text("ui.files.removed")}
        hint={text("ui.files.removedHint", { time: formats.instant(goneAt) })}
      />
    );
  const again = (): void => void (sandbox.isError ? sandbox.refetch() : listing.refetch());
  return (
    <div className={classes.view}>
      <div className={classes.head}>
        <Path folder={folder} onOpen={setFolder} />
        <span className={classes.spacer} />
        <Anchor
          className={classes.action ?? ""}
          href={fileUrl(task, folder === "" ? "." : folder, { tar: true })}
          download
        >
          <IconDownload size={15} aria-hidden />
          {text("ui.files.downloadFolder")}
        </Anchor>
        {isRunning ? <Upload task={task} folder={folder} /> : null}
      </div>
      {listing.data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <Failed error={error} onRetry={again} />
        )
      ) : listing.data.length === 0 ? (
        <Empty title={text("ui.files.empty")} />
      ) : (
        <Entries task={task} entries={listing.data} opened={opened} onFolder={setFolder} onFile={setOpened} />
      )}
      {opened === undefined ? null : (
        <FilePreview task={task} entry={opened} onClose={() => setOpened(undefined)} />
      )}
    </div>
  );
}

function Path(properties: { readonly folder: string; readonly onOpen: (folder: string) => void }): ReactNode {
  const text = useText();
  const parts = properties.folder === "" ? [] : properties.folder.split("/");
  return (
    <nav aria-label={text("ui.files.path")}>
      <Breadcrumbs separatorMargin={6}>
        {["", ...parts].map((part, index) => (
          <button
            key={parts.slice(0, index).join("/")}
            type="button"
            className={classes.crumb}
            aria-current={index === parts.length ? "page" : undefined}
            onClick={() => properties.onOpen(parts.slice(0, index).join("/"))}
          >
            {index === 0 ? text("ui.files.sandbox") : part}
          </button>
        ))}
      </Breadcrumbs>
    </nav>
  );
}

function Upload(properties: { readonly task: SandboxTask; readonly folder: string }): ReactNode {
  const { task, folder } = properties;
  const text = useText();
  const client = useQueryClient();
  const uploading = useMutation({
    mutationFn: (file: File) => uploadFile(task, folder, file),
    onSettled: () => client.invalidateQueries({ queryKey: keys.task(task.taskId, "files") }),
  });
  return (
    <>
      {uploading.error === null ? null : (
        <span role="alert" className={classes.error}>
          {errorText(text, uploading.error)}
        </span>
      )}
      <FileButton onChange={(file) => file !== null && uploading.mutate(file)}>
        {(button) => (
          <Button
            {...button}
            size="xs"
            variant="default"
            loading={uploading.isPending}
            leftSection={<IconUpload size={14} aria-hidden />}
          >
            {text("ui.files.upload")}
          </Button>
        )}
      </FileButton>
    </>
  );
}

function Entries(properties: {
  readonly task: SandboxTask;
  readonly entries: readonly SandboxEntry[];
  readonly opened: SandboxEntry | undefined;
  readonly onFolder: (folder: string) => void;
  readonly onFile: (entry: SandboxEntry) => void;
}): ReactNode {
  const { task, entries, onFolder, onFile } = properties;
  const text = useText();
  const formats = useFormats();
  return (
    <Table verticalSpacing={5} highlightOnHover aria-label={text("ui.files.list")}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{text("ui.files.name")}</Table.Th>
          <Table.Th className={classes.number ?? ""}>{text("ui.files.size")}</Table.Th>
          <Table.Th className={classes.wide ?? ""}>{text("ui.files.changed")}</Table.Th>
          <Table.Th>
            <span className={classes.hidden}>{text("ui.instance.actions")}</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map((entry) => (
          <Table.Tr key={entry.path}>
            <Table.Td>
              <button
                type="button"
                className={classes.entry}
                onClick={() => (entry.isFolder ? onFolder(entry.path) : onFile(entry))}
              >
                {entry.isFolder ? (
                  <IconFolder size={16} stroke={1.7} aria-hidden />
                ) : (
                  <IconFile size={16} stroke={1.7} aria-hidden />
                )}
                {entry.name}
              </button>
            </Table.Td>
            <Table.Td className={classes.number ?? ""}>
              {entry.isFolder ? "" : formats.bytes(entry.size)}
            </Table.Td>
            <Table.Td className={classes.wide ?? ""}>{formats.instant(entry.changedAt)}</Table.Td>
            <Table.Td className={classes.number ?? ""}>
              <a
                className={classes.icon}
                href={fileUrl(task, entry.path, { tar: entry.isFolder })}
                download
                aria-label={text("ui.files.download", { name: entry.name })}
              >
                <IconDownload size={16} stroke={1.7} aria-hidden />
              </a>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
