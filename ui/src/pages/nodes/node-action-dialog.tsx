/** Asks before a node is emptied, set aside, taken back or given up: what ends, and whether there is room for it elsewhere. */
import { NumberInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { deactivateNode, drainNode, markNodeGone, reactivateNode } from "#contracts/kernel/node-endpoints.ts";
import { listNodes, listTasks, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { leavingOf } from "#domain/nodes/index.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { Loading } from "../../components/states.tsx";
import { keys } from "../../data/keys.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useClusterName } from "../../services/use-cluster-name.ts";
import type { NodeAction } from "./node-actions.ts";
import classes from "./nodes.module.css";

const listedMax = 1_000;
const graceMaxSeconds = 86_400;

export function NodeActionDialog(properties: {
  readonly action: NodeAction;
  readonly node: NodeItem;
  readonly onClose: () => void;
}): ReactNode {
  const { action, node, onClose } = properties;
  const text = useText();
  const cluster = useClusterName();
  const client = useQueryClient();
  const [graceSeconds, setGraceSeconds] = useState<number>();
  const name = node.hostname || node.id;
  const ends = action === "drain" || action === "decommission" || action === "gone";
  const call = async (): Promise<void> => {
    const params = { id: node.id };
    if (action === "deactivate") await callEndpoint(daemonPaths.kernel, deactivateNode, { params, body: {} });
    else if (action === "reactivate")
      await callEndpoint(daemonPaths.kernel, reactivateNode, { params, body: {} });
    else if (action === "gone") await callEndpoint(daemonPaths.kernel, markNodeGone, { params, body: {} });
    else
      await callEndpoint(daemonPaths.kernel, drainNode, {
        params,
        body: {
          ...(graceSeconds === undefined ? {} : { maxGraceMs: graceSeconds * 1_000 }),
          ...(action === "decommission" ? { markGone: true } : {}),
        },
      });
    await client.invalidateQueries({ queryKey: ["node", node.id] });
  };
  return (
    <ConfirmDialog
      title={text(`ui.nodes.${action}.title`, { name })}
      effect={
        <>
          <p>{text(`ui.nodes.${action}.effect`, { name, cluster, count: node.tasks })}</p>
          {ends && node.tasks > 0 ? <LeavingTasks node={node} /> : null}
        </>
      }
      confirm={text(`ui.nodes.${action}`)}
      isDangerous={ends}
      typed={action === "decommission" || action === "gone" ? name : undefined}
      act={call}
      onClose={onClose}
    >
      {action === "drain" || action === "decommission" ? (
        <NumberInput
          label={text("ui.nodes.grace")}
          description={text("ui.nodes.graceHint")}
          min={0}
          max={graceMaxSeconds}
          allowDecimal={false}
          allowNegative={false}
          value={graceSeconds ?? ""}
          onChange={(value) => setGraceSeconds(typeof value === "number" ? value : undefined)}
        />
      ) : null}
    </ConfirmDialog>
  );
}

function LeavingTasks(properties: { readonly node: NodeItem }): ReactNode {
  const { node } = properties;
  const text = useText();
  const formats = useFormats();
  const leaving = useQuery({
    queryKey: keys.node(node.id, "leaving"),
    queryFn: async ({ signal }) => {
      const query = { limit: listedMax };
      const [tasks, nodes] = await Promise.all([
        callEndpoint(daemonPaths.kernel, listTasks, { query: { ...query, node: node.id }, signal }),
        callEndpoint(daemonPaths.kernel, listNodes, { query, signal }),
      ]);
      return leavingOf(node.id, tasks.items, nodes.items);
    },
  }).data;
  if (leaving === undefined) return <Loading lines={2} />;
  const { groups, wanted, free, hasRoom } = leaving;
  return (
    <>
      <ul className={classes.leaving}>
        {groups.map(({ owner, count }) => (
          <li key={owner}>{text("ui.nodes.leaving", { owner, count })}</li>
        ))}
      </ul>
      <p className={hasRoom ? "quiet" : classes.noRoom}>
        {text(hasRoom ? "ui.nodes.roomElsewhere" : "ui.nodes.noRoomElsewhere", {
          wantedCpus: formats.cpus(wanted.cpus),
          wantedMem: formats.mebibytes(wanted.mem),
          freeCpus: formats.cpus(free.cpus),
          freeMem: formats.mebibytes(free.mem),
        })}
      </p>
    </>
  );
}
