/** Each node by name with what it lacks: wanted, free, missing; and every other cause. */
import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import type { NodeVerdict } from "#contracts/services/reasons.ts";
import type { TextKey } from "../../i18n/catalogue.ts";
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
              <Table.Td className={classes.host ?? ""}>{node.hostname}</Table.Td>
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

/** Causes whose detail alone, a role or a port, says little. */
const causeKeys: Readonly<Partial<Record<NodeVerdict["causes"][number]["code"], TextKey>>> = {
  constraintUnsatisfied: "ui.why.cause.constraintUnsatisfied",
  constraintNotSatisfiable: "ui.why.cause.constraintUnsatisfied",
  roleMissing: "ui.why.cause.roleMissing",
  portsTaken: "ui.why.cause.portsTaken",
};

function Lacks(properties: { readonly node: NodeVerdict }): ReactNode {
  const { short, causes } = properties.node;
  const text = useText();
  const formats = useFormats();
  if (short.length + causes.length === 0) return <span className="quiet">{text("ui.why.fits")}</span>;
  const write = (name: string, value: number): string =>
    name === "mem" || name === "disk" ? formats.mebibytes(value) : formats.cpus(value);
  const causeText = (code: NodeVerdict["causes"][number]["code"], detail: string): string => {
    const key = causeKeys[code];
    return key === undefined ? detail : text(key, { detail, isAny: detail === "0" ? "yes" : "no" });
  };
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
      {causes.map(({ code, detail }) => (
        <li key={`${code} ${detail}`}>{causeText(code, detail)}</li>
      ))}
    </ul>
  );
}
