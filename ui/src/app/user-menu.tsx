/** Who is logged in, and the way out. */
import { Menu } from "@mantine/core";
import { IconKeyboard, IconLogout, IconSettings, IconUserCircle } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { logOut, readSessionUser } from "../data/session.ts";
import { useText } from "../i18n/language-provider.tsx";
import { openShortcutHelp } from "./shortcuts.tsx";

export function UserMenu(): ReactNode {
  const text = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const user = readSessionUser(document.cookie);
  const leave = async (): Promise<void> => {
    // Also when the door cannot be reached: what this tab has cached goes.
    await logOut().catch(() => undefined);
    client.clear();
    await navigate({ to: "/login" });
  };
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <button type="button" className="quiet-button" aria-label={text("ui.user.menu")}>
          <IconUserCircle size={20} stroke={1.6} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {user === undefined ? null : <Menu.Label>{user.description || user.uid}</Menu.Label>}
        <Menu.Item
          leftSection={<IconSettings size={16} />}
          onClick={() => void navigate({ to: "/settings" })}
        >
          {text("ui.nav.settings")}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={openShortcutHelp}>
          {text("ui.shortcuts.title")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave()}>
          {text("ui.user.logOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
