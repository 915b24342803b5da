/** One instance from all sides: its facts, log, files, and a terminal while it runs. */
import { SegmentedControl, Tabs } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import { SideDrawer } from "../../components/side-drawer.tsx";
import { Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { shortInstanceId } from "../../services/view/service-view.ts";
import { InstanceFacts } from "./instance-facts.tsx";
import classes from "./instances.module.css";

export type InstanceView = "log" | "files" | "terminal" | "facts";

const Log = lazy(() => import("../../logs/service-log.tsx").then((module) => ({ default: module.TaskLog })));
const Terminal = lazy(() =>
  import("../../terminal/terminal.tsx").then((module) => ({ default: module.TaskTerminal })),
);
const Files = lazy(() => import("../../files/files.tsx").then((module) => ({ default: module.TaskFiles })));

export function InstanceDrawer(properties: {
  readonly instance: InstanceItem;
  readonly view: InstanceView;
  readonly onView: (view: InstanceView) => void;
  readonly onClose: () => void;
}): ReactNode {
  const { instance, view, onView, onClose } = properties;
  const text = useText();
  const { containers = [] } = instance;
  const [name, setName] = useState<string | undefined>();
  const container = containers.find((each) => each.name === name) ?? containers[0];
  const runs = instance.isActive && instance.condition === "Running";
  const views: readonly InstanceView[] = runs
    ? ["log", "files", "terminal", "facts"]
    : ["log", "files", "facts"];
  return (
    <SideDrawer
      onClose={onClose}
      // In a terminal it is the program's key.
      closeOnEscape={view !== "terminal"}
      size="min(1000px, 100vw)"
      title={text("ui.instance.of", { name: shortInstanceId(instance), service: instance.service })}
      styles={{
        content: { display: "flex", flexDirection: "column" },
        body: { display: "flex", flex: 1, minHeight: 0 },
      }}
    >
      <div className={classes.drawer}>
        {instance.cause === undefined ? null : <p className={classes.cause}>{instance.cause}</p>}
        <Tabs
          value={view}
          onChange={(next) => onView(views.find((name) => name === next) ?? "log")}
          keepMounted={false}
          styles={{ root: { display: "flex", flexDirection: "column", flex: 1, minHeight: 0 } }}
        >
          <Tabs.List>
            {views.map((name) => (
              <Tabs.Tab key={name} value={name}>
                {text(`ui.instance.view.${name}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {container === undefined || view === "facts" ? null : (
            <SegmentedControl
              aria-label={text("ui.instance.container")}
              value={container.name}
              onChange={setName}
              data={containers.map((each) => each.name)}
            />
          )}
          <Tabs.Panel value={view} className={classes.drawerPanel ?? ""}>
            <Suspense fallback={<Loading />}>
              <Shown instance={instance} taskId={container?.taskId ?? instance.taskId} view={view} />
            </Suspense>
          </Tabs.Panel>
        </Tabs>
      </div>
    </SideDrawer>
  );
}

function Shown(properties: {
  readonly instance: InstanceItem;
  readonly taskId: string | undefined;
  readonly view: InstanceView;
}): ReactNode {
  const { instance, taskId, view } = properties;
  const { agentId } = instance;
  const text = useText();
  if (view === "facts") return <InstanceFacts instance={instance} />;
  if (agentId === undefined || taskId === undefined)
    return <p className="quiet">{text("ui.instance.notPlaced")}</p>;
  if (view === "log")
    return <Log key={taskId} agentId={agentId} taskId={taskId} isEnded={!instance.isActive} />;
  return view === "files" ? (
    <Files key={taskId} agentId={agentId} taskId={taskId} isRunning={instance.isActive} />
  ) : (
    <Terminal key={taskId} agentId={agentId} taskId={taskId} />
  );
}
