// The page of `keelson demo`. It runs as a task: everything it knows comes from its environment.
import { createServer } from "node:http";

const {
  HOST = "127.0.0.1",
  PORT0 = "8000",
  MESOS_TASK_ID = "",
  MARATHON_APP_ID = "",
  MARATHON_APP_VERSION = "",
} = process.env;
const facts = {
  service: MARATHON_APP_ID,
  task: MESOS_TASK_ID,
  host: HOST,
  port: PORT0,
  version: MARATHON_APP_VERSION,
  pid: process.pid,
};
const escapeHtml = (text) => String(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const rows = Object.entries(facts).map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`);

const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Keelson demo</title>
<style>
  :root { color-scheme: light dark }
  body { font: 17px/1.5 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1.5rem }
  h1 { font-size: 1.6rem; font-weight: 600 }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem }
  dt { opacity: .6 } dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
</style>
<h1>It runs.</h1>
<p>This page is a service of your cluster. Kill its process, and another takes its place.</p>
<dl>${rows.join("")}</dl>
</html>
`;

createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(page);
}).listen(Number(PORT0), HOST);
