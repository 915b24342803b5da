/** Each node by name with what it lacks: wanted, free, missing; and every other cause. */
import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import type { NodeVerdict } from "#contracts/services/reasons.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { quantityName } from "../view/quantities.ts";
import classes from "./reasons.module.css";

export function NodeVerdicts(properties: { readonly nodes: readonly NodeVerdict[] }): ReactNode {
  const text = useText();
  return (
    <Table.ScrollContainer
      minWidth={420}
      className={classes.nodes ?? ""}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
    >
      <Table withRowBorders verticalSpacing={6} aria-label={text("ui.why.nodes")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text("ui.why.node")}</Table.Th>
            <Table.Th>{text("ui.why.lacks")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {properties.nodes.map((node) => (
            <Table.Tr key={node.agentId}>
              <Table.Td className={classes.host ?? ""}>{node.name}</Table.Td>
              <Table.Td>
                <Lacks node={node} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Lacks(properties: { readonly node: NodeVerdict }): ReactNode {
  const { short, causes } = properties.node;
  const text = useText();
  const formats = useFormats();
  if (short.length + causes.length === 0) return <span className="quiet">{text("ui.why.fits")}</span>;
  const write = (name: string, value: number): string =>
    name === "mem" || name === "disk" ? formats.mebibytes(value) : formats.cpus(value);
  return (
    <ul className={classes.lacks}>
      {short.map(({ name, wanted, free, missing }) => (
        <li key={name}>
          {text("ui.why.short", {
            what: text(quantityName(name)),
            missing: write(name, missing),
            wanted: write(name, wanted),
            free: write(name, free),
          })}
        </li>
      ))}
      {causes.map(({ code, detail, message }) => (
        <li key={`${code} ${detail}`}>{message}</li>
      ))}
    </ul>
  );
}
