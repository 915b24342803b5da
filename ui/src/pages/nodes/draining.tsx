/** How far the emptying of a node is. */
import { type ReactNode, useState } from "react";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import { Card } from "../../components/card.tsx";
import { FillBar } from "../../components/fill-bar.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import classes from "./nodes.module.css";

export function Draining(properties: { readonly node: NodeItem }): ReactNode {
  const { node } = properties;
  const text = useText();
  const formats = useFormats();
  // The most that was seen to be there; what ended before this page was opened is not known.
  const [most, setMost] = useState(node.tasks);
  if (node.tasks > most) setMost(node.tasks);
  const { drain, standing, tasks } = node;
  if (standing !== "draining" || drain === undefined) return null;
  return (
    <Card title={text("ui.nodes.draining")}>
      <div className={classes.draining}>
        <FillBar
          isThick
          parts={[{ tone: "accent", value: most - tasks }]}
          whole={most}
          label={text("ui.nodes.tasksLeft", { count: tasks })}
        />
        <p role="status">{text("ui.nodes.tasksLeft", { count: tasks })}</p>
        <p className="quiet">
          {text("ui.nodes.drainOrdered")} <Age at={drain.since} />
          {drain.maxGraceMs === undefined
            ? null
            : ` · ${text("ui.nodes.drainGrace", { time: formats.duration(drain.maxGraceMs) })}`}
          {drain.markGone ? ` · ${text("ui.nodes.drainThenGone")}` : null}
        </p>
      </div>
    </Card>
  );
}
