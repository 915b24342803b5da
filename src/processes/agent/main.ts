/** An `agent-N` process: one agent. */
import { start } from "#kernel/agent/main.ts";
import { hostDaemon } from "../host.ts";

hostDaemon(start);
