/** How the console is built: `ui/dist`, which the door serves at `/`. */
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `vite` (development) sends what it does not serve itself; the door of `keelson up`. */
const door = process.env["KEELSON_URL"] ?? "http://127.0.0.1:8800";
const proxied = ["/acs", "/agent", "/keelson", "/mesos", "/service/marathon", "/metadata"];

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  // Sources of contracts are read as they are, by the same subpath imports that Node uses.
  resolve: { conditions: ["keelson-source", "module", "browser", "development|production"] },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: door, changeOrigin: true, ws: true }])),
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is put inside the page: the content security policy allows no data: script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
});
