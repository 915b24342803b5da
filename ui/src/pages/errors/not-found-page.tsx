/** An address nothing stands at. */
import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";

export function NotFoundPage(): ReactNode {
  const text = useText();
  const navigate = useNavigate();
  return (
    <main>
      <Empty
        isWholePage
        title={text("ui.notFound.title")}
        hint={text("ui.notFound.hint")}
        action={
          <Button onClick={() => void navigate({ to: "/dashboard" })}>{text("ui.notFound.home")}</Button>
        }
      />
    </main>
  );
}
