/** Logging in with a name and password, or with a token. */
import { Button, PasswordInput, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { LanguageSwitch } from "../../components/language-switch.tsx";
import { RequestFailed } from "../../data/request.ts";
import { type Credentials, logIn } from "../../data/session.ts";
import { errorText } from "../../i18n/error-text.ts";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./login-page.module.css";
import { loginTarget } from "./login-target.ts";

const route = getRouteApi("/login");
type Way = "password" | "token";

export function LoginPage(): ReactNode {
  const text = useText();
  const { redirect } = route.useSearch();
  const router = useRouter();
  const [way, setWay] = useState<Way>("password");
  const [failure, setFailure] = useState<string>();
  const [isSending, setIsSending] = useState(false);
  useEffect(() => {
    document.title = `${text("ui.login.title")} · ${text("ui.product")}`;
  }, [text]);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const field = (name: string): string => String(fields.get(name) ?? "").trim();
    const credentials: Credentials =
      way === "token"
        ? { token: field("token") }
        : { uid: field("uid"), password: String(fields.get("password") ?? "") };
    setIsSending(true);
    setFailure(undefined);
    try {
      await logIn(credentials);
      router.history.push(loginTarget(redirect));
    } catch (error) {
      const isUnknown = error instanceof RequestFailed && [400, 401].includes(error.status);
      setFailure(isUnknown ? text("ui.login.refused") : errorText(text, error));
    } finally {
      setIsSending(false);
    }
  };

  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={(event) => void submit(event)}>
        <img src="/console-icon.svg" alt="" width={40} height={40} />
        <h1>{text("ui.login.title")}</h1>
        <SegmentedControl
          fullWidth
          aria-label={text("ui.login.way")}
          value={way}
          onChange={(value) => setWay(value === "token" ? "token" : "password")}
          data={[
            { value: "password", label: text("ui.login.password") },
            { value: "token", label: text("ui.login.token") },
          ]}
        />
        {way === "password" ? (
          <>
            <TextInput name="uid" label={text("ui.login.name")} autoComplete="username" required autoFocus />
            <PasswordInput
              name="password"
              label={text("ui.login.password")}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ "aria-label": text("ui.login.showPassword") }}
              required
            />
          </>
        ) : (
          <Textarea
            name="token"
            label={text("ui.login.token")}
            description={text("ui.login.tokenHint")}
            rows={4}
            className={classes.token ?? ""}
            required
            autoFocus
          />
        )}
        {failure === undefined ? null : (
          <p role="alert" className={classes.failure}>
            {failure}
          </p>
        )}
        <Button type="submit" loading={isSending} fullWidth>
          {text("ui.login.submit")}
        </Button>
        <p className={classes.hint}>{text("ui.login.linkHint")}</p>
      </form>
      <LanguageSwitch />
    </main>
  );
}
