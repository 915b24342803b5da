/** Into a task of any framework: its log, its files, and a terminal while it runs. */
import { Tabs } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { TaskItem } from "#contracts/kernel/own-endpoints.ts";
import { Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./task-inside.module.css";

const views = ["log", "files", "terminal"] as const;
type View = (typeof views)[number];

const Log = lazy(() => import("../../logs/service-log.tsx").then((module) => ({ default: module.TaskLog })));
const Files = lazy(() => import("../../files/files.tsx").then((module) => ({ default: module.TaskFiles })));
const Terminal = lazy(() =>
  import("../../terminal/terminal.tsx").then((module) => ({ default: module.TaskTerminal })),
);

export function TaskInside(properties: { readonly task: TaskItem }): ReactNode {
  const { task } = properties;
  const text = useText();
  const [chosen, setChosen] = useState<View>("log");
  const runs = task.state === "TASK_RUNNING";
  const shown = views.filter((name) => runs || name !== "terminal");
  const view = shown.includes(chosen) ? chosen : "log";
  return (
    <Tabs
      value={view}
      onChange={(next) => setChosen(views.find((name) => name === next) ?? "log")}
      keepMounted={false}
    >
      <Tabs.List>
        {shown.map((name) => (
          <Tabs.Tab key={name} value={name}>
            {text(`ui.instance.view.${name}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={view} className={classes.panel ?? ""}>
        <Suspense fallback={<Loading />}>
          <Shown task={task} view={view} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}

function Shown(properties: { readonly task: TaskItem; readonly view: View }): ReactNode {
  const { task, view } = properties;
  const { agentId, id: taskId, isEnded } = task;
  if (view === "files") return <Files agentId={agentId} taskId={taskId} isRunning={!isEnded} />;
  if (view === "terminal") return <Terminal agentId={agentId} taskId={taskId} />;
  return <Log agentId={agentId} taskId={taskId} isEnded={isEnded} />;
}
