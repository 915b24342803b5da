/** The columns of the list of nodes. */
import { Link } from "@tanstack/react-router";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { Amount } from "../../components/amount.tsx";
import type { Column } from "../../components/data-table.tsx";

import { NodeState } from "../../components/node-state.tsx";
import type { Translate } from "../../i18n/catalogue.ts";
import type { Formats } from "../../i18n/formats.ts";

export function nodeColumns(text: Translate, formats: Formats): readonly Column<NodeItem>[] {
  return [
    {
      key: "hostname",
      title: "ui.nodes.hostname",
      width: "minmax(160px, 2fr)",
      sort: "hostname",
      narrow: "title",
      render: (node) => (
        <Link to="/nodes/$id" params={{ id: node.id }} className="row-link" title={node.id}>
          {node.hostname}
        </Link>
      ),
    },
    {
      key: "state",
      title: "ui.nodes.state",
      width: "minmax(110px, 1fr)",
      sort: "state",
      narrow: "side",
      render: (node) => <NodeState node={node} />,
    },
    {
      key: "place",
      title: "ui.nodes.place",
      width: "minmax(90px, 1fr)",
      from: 1_080,
      render: (node) => <span className="quiet">{placeOf(node)}</span>,
    },
    {
      key: "tasks",
      title: "ui.nodes.tasks",
      width: "64px",
      align: "end",
      sort: "tasks",
      from: 700,
      render: (node) => formats.number(node.tasks),
    },
    {
      key: "cpus",
      title: "ui.resource.cpus",
      width: "minmax(150px, 1.3fr)",
      sort: "usedCpus",
      narrow: "line",
      render: (node) => (
        <Amount
          used={node.used.cpus}
          offered={node.offered.cpus}
          total={node.total.cpus}
          name={text("ui.resource.cpus")}
          write={formats.cpus}
          characters={8}
        />
      ),
    },
    {
      key: "mem",
      title: "ui.resource.mem",
      width: "minmax(190px, 1.5fr)",
      sort: "usedMem",
      narrow: "line",
      render: (node) => (
        <Amount
          used={node.used.mem}
          offered={node.offered.mem}
          total={node.total.mem}
          name={text("ui.resource.mem")}
          write={formats.mebibytes}
          characters={16}
        />
      ),
    },
  ];
}

const placeOf = (node: NodeItem): string =>
  [node.region, node.zone].filter((part) => part !== undefined).join(" / ") || "–";
