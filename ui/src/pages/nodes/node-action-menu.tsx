/** What can be decided about a node; each asks first, and says what ends. */
import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { NodeActionDialog } from "./node-action-dialog.tsx";
import { actionsFor, type NodeAction } from "./node-actions.ts";

export function NodeActions(properties: { readonly node: NodeItem }): ReactNode {
  const { node } = properties;
  const text = useText();
  const [action, setAction] = useState<NodeAction>();
  const actions = actionsFor(node);
  if (actions.length === 0) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={15} aria-hidden />}>
            {text("ui.nodes.decide")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {actions.map((each) => (
            <Menu.Item
              key={each}
              {...(each === "decommission" || each === "gone" ? { className: "danger" } : {})}
              onClick={() => setAction(each)}
            >
              {text(`ui.nodes.${each}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {action === undefined ? null : (
        <NodeActionDialog action={action} node={node} onClose={() => setAction(undefined)} />
      )}
    </>
  );
}
