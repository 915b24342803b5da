// Sets colours and language before anything is drawn, so that a dark page does not flash white. A file of its own,
// since the console's content security policy allows no script inside the page.
(() => {
  let scheme = null;
  let language = null;
  try {
    scheme = localStorage.getItem("keelson-colour-scheme");
    language = localStorage.getItem("keelson-language");
  } catch {
    // Storage may be off; the system's choice is then ours.
  }
  const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const shown = scheme === "light" || scheme === "dark" ? scheme : isDark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", shown);
  document.documentElement.lang = language ?? (/^zh/i.test(navigator.language) ? "zh" : "en");
})();
