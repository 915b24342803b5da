/** What surrounds every page: navigation, search, connection, user. */
import { Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconMenu2, IconPlugConnectedX } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { IconButton } from "../components/icon-button.tsx";
import { LiveProvider, useIsConnectionLost } from "../data/live-provider.tsx";
import { useText } from "../i18n/language-provider.tsx";
import { NavItems } from "./nav.tsx";
import { SearchButton } from "./palette/search-button.tsx";
import classes from "./shell.module.css";
import { Shortcuts } from "./shortcuts.tsx";
import { UserMenu } from "./user-menu.tsx";

export function Shell(): ReactNode {
  const text = useText();
  const main = useRef<HTMLElement>(null);
  const [isMenuOpen, menu] = useDisclosure(false);
  return (
    <LiveProvider>
      {/* A button, not a link: addresses stand behind # already. */}
      <button type="button" className={classes.skip} onClick={() => main.current?.focus()}>
        {text("ui.shell.skip")}
      </button>
      <div className={classes.shell}>
        <nav className={classes.nav} aria-label={text("ui.shell.navigation")}>
          <Brand />
          <NavItems />
        </nav>
        <header className={classes.header}>
          <span className={classes.burger}>
            <IconButton label={text("ui.shell.openMenu")} onClick={menu.open}>
              <IconMenu2 size={18} />
            </IconButton>
          </span>
          <SearchButton />
          <span className={classes.spacer} />
          <Connection />
          <UserMenu />
        </header>
        <main ref={main} className={classes.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Drawer
        opened={isMenuOpen}
        onClose={menu.close}
        size={260}
        title={<Brand />}
        closeButtonProps={{ "aria-label": text("ui.close") }}
      >
        <nav className={classes.drawerNav} aria-label={text("ui.shell.navigation")}>
          <NavItems onChosen={menu.close} />
        </nav>
      </Drawer>
      <Shortcuts />
    </LiveProvider>
  );
}

function Brand(): ReactNode {
  const text = useText();
  return (
    <Link to="/dashboard" className={classes.brand ?? ""}>
      <img src="/console-icon.svg" alt="" />
      {text("ui.product")}
    </Link>
  );
}

/** Nothing while all is well; calm words when the stream is away. */
function Connection(): ReactNode {
  const text = useText();
  const isLost = useIsConnectionLost();
  return (
    <div role="status" className={classes.lost} title={isLost ? text("ui.shell.reconnecting") : undefined}>
      {isLost ? (
        <>
          <IconPlugConnectedX size={17} stroke={1.7} aria-hidden />
          <span>{text("ui.shell.reconnecting")}</span>
        </>
      ) : null}
    </div>
  );
}
