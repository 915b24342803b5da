/** A fault of the console itself: said plainly, with what happened, and a way to go on. */
import type { ReactNode } from "react";
import { Failed } from "../../components/states.tsx";

export function ErrorPage(properties: { readonly error: unknown; readonly onRetry: () => void }): ReactNode {
  return <Failed error={properties.error} onRetry={properties.onRetry} isWholePage />;
}
