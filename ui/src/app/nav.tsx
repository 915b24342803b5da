/** The pages one can go to, as the navigation, the palette and the shortcuts list them. */
import { type Icon, IconServer2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { TextKey } from "../i18n/catalogue.ts";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./shell.module.css";

export interface Place {
  readonly to: "/nodes";
  readonly title: TextKey;
  readonly icon: Icon;
  /** Pressed after `g`. */
  readonly letter: string;
}

export const places: readonly Place[] = [
  { to: "/nodes", title: "ui.nav.nodes", icon: IconServer2, letter: "n" },
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
