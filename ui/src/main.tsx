/** The console's composition root: language, theme, cache, router. */
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@fontsource-variable/inter/wght.css";
import "./app/tokens.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createConsoleRouter } from "./app/router.tsx";
import { theme } from "./app/theme.ts";
import { createQueryClient } from "./data/query-client.ts";
import { loadTexts } from "./i18n/catalogue.ts";
import { LanguageProvider } from "./i18n/language-provider.tsx";
import { chooseLanguage, languageStorageKey } from "./i18n/languages.ts";

const language = chooseLanguage(localStorage.getItem(languageStorageKey), navigator.languages);
const text = await loadTexts(language);
const client = createQueryClient(() => {
  if (router.state.location.pathname === "/login") return;
  void router.navigate({ to: "/login", search: { redirect: router.state.location.href } });
});
const router = createConsoleRouter();
// Says which page stands, once it does; tests wait for it.
router.subscribe("onRendered", ({ toLocation }) => {
  document.documentElement.dataset["path"] = decodeURIComponent(toLocation.href);
});
const colorSchemes = localStorageColorSchemeManager({ key: "keelson-colour-scheme" });
const container = document.getElementById("root");
if (container === null) throw new Error("index.html has no #root");

createRoot(container).render(
  <StrictMode>
    <LanguageProvider initial={{ language, text }}>
      <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colorSchemes}>
        <QueryClientProvider client={client}>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </LanguageProvider>
  </StrictMode>,
);
