/** A button that is only an icon; its label is read out and shown on hover. */
import { ActionIcon, type ActionIconProps, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

export function IconButton(
  properties: ActionIconProps & {
    readonly label: string;
    readonly onClick?: () => void;
    readonly children: ReactNode;
  },
): ReactNode {
  const { label, children, ...rest } = properties;
  return (
    <Tooltip label={label} openDelay={400} withArrow>
      <ActionIcon variant="subtle" color="gray" size={32} aria-label={label} {...rest}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
