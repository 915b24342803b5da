/** Mantine's theme: one accent colour, Inter, quiet corners. Everything else stands in `tokens.css`. */
import { createTheme, Drawer, type MantineColorsTuple, Menu, Modal } from "@mantine/core";

const keel: MantineColorsTuple = [
  "#e8f6f8",
  "#d3eaee",
  "#a6d5dd",
  "#76bfcb",
  "#4facbc",
  "#359fb2",
  "#1f8799",
  "#0f6b7d",
  "#0b5c6c",
  "#034b59",
];

/** Mantine's dark greys, in the hue of `tokens.css`. */
const dark: MantineColorsTuple = [
  "#e3e8eb",
  "#c3ccd1",
  "#9ba7af",
  "#78848c",
  "#3c464d",
  "#2a3238",
  "#191f23",
  "#12171a",
  "#0e1214",
  "#0a0d0f",
];

/** Mantine's, with the shade of buttons dark enough for white words. */
const red: MantineColorsTuple = [
  "#fff5f5",
  "#ffe3e3",
  "#ffc9c9",
  "#ffa8a8",
  "#ff8787",
  "#ff6b6b",
  "#e03131",
  "#b3261e",
  "#a1221b",
  "#8f1e18",
];

/** The head of a window is not the page's: a second banner confuses those who go by landmarks. */
const plainHeader = { attributes: { header: { role: "none" } } };

export const theme = createTheme({
  colors: { keel, dark, red },
  components: {
    Modal: Modal.extend({ defaultProps: { ...plainHeader, padding: "lg", radius: "lg" } }),
    Drawer: Drawer.extend({ defaultProps: { ...plainHeader, padding: "lg" } }),
    // Inside the landmark it was opened from, and without an element that is no item.
    Menu: Menu.extend({ defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } }),
  },
  primaryColor: "keel",
  primaryShade: 7,
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily:
    '"Inter Variable", -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", "WenQuanYi Micro Hei Mono", monospace',
  headings: { fontWeight: "600" },
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
});
