/** The pages one can go to, as the navigation, the palette and the shortcuts list them. */
import {
  type Icon,
  IconActivity,
  IconCalendarTime,
  IconHistory,
  IconLayoutDashboard,
  IconRocket,
  IconServer2,
  IconSettings,
  IconStack2,
  IconSubtask,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { TextKey } from "../i18n/catalogue.ts";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./shell.module.css";

export interface Place {
  readonly to:
    | "/dashboard"
    | "/services"
    | "/jobs"
    | "/nodes"
    | "/tasks"
    | "/deployments"
    | "/events"
    | "/audit"
    | "/settings";
  readonly title: TextKey;
  readonly icon: Icon;
  /** Pressed after `g`. */
  readonly letter: string;
}

export const places: readonly Place[] = [
  { to: "/dashboard", title: "ui.nav.dashboard", icon: IconLayoutDashboard, letter: "d" },
  { to: "/services", title: "ui.nav.services", icon: IconStack2, letter: "s" },
  { to: "/jobs", title: "ui.nav.jobs", icon: IconCalendarTime, letter: "j" },
  { to: "/deployments", title: "ui.nav.deployments", icon: IconRocket, letter: "p" },
  { to: "/tasks", title: "ui.nav.tasks", icon: IconSubtask, letter: "t" },
  { to: "/nodes", title: "ui.nav.nodes", icon: IconServer2, letter: "n" },
  { to: "/events", title: "ui.nav.events", icon: IconActivity, letter: "e" },
  { to: "/audit", title: "ui.nav.audit", icon: IconHistory, letter: "a" },
  { to: "/settings", title: "ui.nav.settings", icon: IconSettings, letter: "x" },
];

export function NavItems(properties: { readonly onChosen?: () => void }): ReactNode {
  const text = useText();
  return places.map(({ to, title, icon: PlaceIcon }) => (
    <Link key={to} to={to} className={classes.item ?? ""} onClick={() => properties.onChosen?.()}>
      <PlaceIcon size={18} stroke={1.7} aria-hidden />
      {text(title)}
    </Link>
  ));
}
