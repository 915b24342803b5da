/** The state of a task in a word: Mesos' own name on hover. */
import type { ReactNode } from "react";
import { useText } from "../i18n/language-provider.tsx";
import { StateBadge } from "./state-badge.tsx";
import { taskStateOf } from "./task-states.ts";

export function TaskStateBadge(properties: {
  readonly state: string;
  readonly healthy?: boolean | undefined;
}): ReactNode {
  const text = useText();
  const { word, tone } = taskStateOf(properties.state, properties.healthy);
  return (
    <span title={properties.state}>
      <StateBadge tone={tone}>{word === undefined ? properties.state : text(word)}</StateBadge>
    </span>
  );
}
