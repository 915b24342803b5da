/** How much of a whole is used, as a bar and in figures. */
import type { ReactNode } from "react";
import { Figures } from "./figures.tsx";
import { FillBar } from "./fill-bar.tsx";

export function Amount(properties: {
  readonly used: number;
  readonly offered?: number;
  readonly total: number;
  /** Of the resource, for those who do not see the bar. */
  readonly name: string;
  readonly write: (value: number) => string;
  /** Width of the figures in characters, the same in every row, so that bars end in one line. */
  readonly characters: number;
}): ReactNode {
  const { used, offered = 0, total, name, write, characters } = properties;
  return (
    <>
      <span className="narrow-only">{name}</span>
      <FillBar
        isWideOnly
        parts={[
          { tone: "accent", value: used },
          { tone: "idle", value: offered },
        ]}
        whole={total}
        label={`${name}: ${write(used)} / ${write(total)}`}
      />
      <Figures characters={characters}>
        {write(used)} <span className="quiet">/ {write(total)}</span>
      </Figures>
    </>
  );
}
