/** The frame of a page: title, actions, content. `fills` gives the content the rest of the window, as lists want. */
import { type ReactNode, useEffect } from "react";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./page.module.css";

export function Page(properties: {
  readonly title: string;
  /** Beside the title: a state, a count. */
  readonly beside?: ReactNode;
  /** Above the title: the way back. */
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly fills?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  const text = useText();
  const { title } = properties;
  useEffect(() => {
    document.title = `${title} · ${text("ui.product")}`;
  }, [title, text]);
  return (
    <div className={classes.page} data-fills={properties.fills === true || undefined}>
      {properties.above === undefined ? null : <div className={classes.above}>{properties.above}</div>}
      <div className={classes.head}>
        <h1 className={classes.title}>{title}</h1>
        {properties.beside}
        {properties.actions === undefined ? null : (
          <div className={classes.actions}>{properties.actions}</div>
        )}
      </div>
      {properties.children}
    </div>
  );
}
