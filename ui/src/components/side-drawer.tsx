/** A drawer over which a question may open: Escape then closes the question and not the drawer under it. */
import { Drawer, type DrawerProps } from "@mantine/core";
import { createContext, type ReactNode, use, useEffect, useState } from "react";
import { useText } from "../i18n/language-provider.tsx";

type Register = (change: 1 | -1) => void;
const OverDrawer = createContext<Register | undefined>(undefined);

export function SideDrawer(
  properties: Omit<DrawerProps, "opened" | "position" | "closeButtonProps">,
): ReactNode {
  const { children, closeOnEscape = true, ...rest } = properties;
  const text = useText();
  const [over, setOver] = useState(0);
  const [register] = useState<Register>(() => (change: 1 | -1) => setOver((before) => before + change));
  return (
    <Drawer
      opened
      position="right"
      closeButtonProps={{ "aria-label": text("ui.close") }}
      closeOnEscape={closeOnEscape && over === 0}
      {...rest}
    >
      <OverDrawer value={register}>{children}</OverDrawer>
    </Drawer>
  );
}

/** For what opens over a page and perhaps over a drawer. */
export function useOverDrawer(): void {
  const register = use(OverDrawer);
  useEffect(() => {
    register?.(1);
    return () => register?.(-1);
  }, [register]);
}
