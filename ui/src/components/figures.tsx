/** Figures beside a bar: of one width in every row, so that bars end in one line. */
import type { CSSProperties, ReactNode } from "react";

export function Figures(properties: {
  readonly characters: number;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <span className="figures" style={{ "--characters": `${properties.characters}ch` } as CSSProperties}>
      {properties.children}
    </span>
  );
}
