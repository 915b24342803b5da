/** One instance from all sides: its facts, log, files, and a terminal while it runs. */
import { Drawer, Tabs } from "@mantine/core";
import { lazy, type ReactNode, Suspense } from "react";
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import { Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { shortInstanceId } from "../../services/view/service-view.ts";
import { InstanceFacts } from "./instance-facts.tsx";
import classes from "./instances.module.css";

export type InstanceView = "log" | "files" | "terminal" | "facts";

const InstanceLog = lazy(() =>
  import("../../logs/service-log.tsx").then((module) => ({ default: module.InstanceLog })),
);
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
  const runs = instance.isActive && instance.condition === "Running";
  const views: readonly InstanceView[] = runs
    ? ["log", "files", "terminal", "facts"]
    : ["log", "files", "facts"];
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      // In a terminal it is the program's key.
      closeOnEscape={view !== "terminal"}
      size="min(1000px, 100vw)"
      title={text("ui.instance.of", { name: shortInstanceId(instance), service: instance.service })}
      closeButtonProps={{ "aria-label": text("ui.close") }}
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
          <Tabs.Panel value={view} className={classes.drawerPanel ?? ""}>
            <Suspense fallback={<Loading />}>
              <Shown instance={instance} view={view} />
            </Suspense>
          </Tabs.Panel>
        </Tabs>
      </div>
    </Drawer>
  );
}

function Shown(properties: { readonly instance: InstanceItem; readonly view: InstanceView }): ReactNode {
  const { instance, view } = properties;
  const { agentId, taskId } = instance;
  const text = useText();
  if (view === "facts") return <InstanceFacts instance={instance} />;
  if (agentId === undefined || taskId === undefined)
    return <p className="quiet">{text("ui.instance.notPlaced")}</p>;
  if (view === "log") return <InstanceLog instance={instance} />;
  return view === "files" ? (
    <Files agentId={agentId} taskId={taskId} isRunning={instance.isActive} />
  ) : (
    <Terminal agentId={agentId} taskId={taskId} />
  );
}
