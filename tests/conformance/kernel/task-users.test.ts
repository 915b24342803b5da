/** A task of an ordinary account against the ports of the cluster it runs in, as root starts it. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";

/** Tries each address in several ways, and tells the status of each; 000 is no answer. */
const attack = `
for url in $TARGETS; do
  echo "$url $(curl -s -m 10 -o /dev/null -w '%{http_code}' "$url")"
done
echo "post $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'content-type: application/json' -d '{"type":"GET_STATE"}' $KERNEL/api/v1)"
echo "subscribe $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'content-type: application/json' -d '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"evil"}}}' $KERNEL/api/v1/scheduler)"
echo "exec $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'connection: Upgrade' -H 'upgrade: websocket' -H 'sec-websocket-version: 13' -H 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==' $AGENT/keelson/v1/exec/any)"
echo "link $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'connection: Upgrade' -H 'upgrade: keelson-link' $KERNEL/keelson/v1/link)"
echo "app $(curl -s -m 10 -o /dev/null -w '%{http_code}' -X DELETE $SERVICES/v2/apps/attack)"
echo "forged $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H 'x-keelson-door: guess' -H 'x-keelson-user: admin' $KERNEL/state)"
echo "health $(curl -s -m 10 -o /dev/null -w '%{http_code}' $KERNEL/health)"
echo "token $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H "authorization: token=$TOKEN" $KERNEL/state)"
echo "uid $(id -u)"
echo done
sleep 600
`;

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot || !existsSync("/usr/bin/curl"))(
  "a task of another account",
  { timeout: 180_000 },
  () => {
    let cluster: TestCluster;
    beforeAll(async () => {
      cluster = await startCluster({ agents: 1 });
    }, 120_000);
    afterAll(() => cluster?.purge());

    it("reaches no port of the kernel, of Services or of an agent without a proof of who it is", async () => {
      const { services, agents, url, token } = cluster.info;
      const agent = agents[0]?.url ?? "";
      const targets = [
        `${services.kernel}/state`,
        `${services.kernel}/metrics/snapshot`,
        `${services.kernel}/keelson/v1/tasks`,
        `${services.services}/v2/apps`,
        `${services.services}/keelson/v1/services`,
        `${agent}/state`,
        `${agent}/files/browse?path=/`,
      ];
      const headers = { authorization: `token=${token}` };
      const api = `${url}/acs/api/v1`;
      await ask(`${api}/users/task`, { method: "PUT", headers, body: { password: "a password" } });
      const login = await ask(`${api}/auth/login`, {
        method: "POST",
        body: { uid: "task", password: "a password" },
      });
      const made = await ask(`${services.services}/v2/apps`, {
        method: "POST",
        body: {
          id: "/attack",
          cmd: attack,
          cpus: 0.1,
          mem: 32,
          env: {
            TARGETS: targets.join(" "),
            KERNEL: services.kernel,
            SERVICES: services.services,
            AGENT: agent,
            TOKEN: (login.body as { token: string }).token,
          },
        },
      });
      expect(made.status).toBe(201);
      const output = await eventually(
        "the task has tried everything",
        async () => {
          const { body } = await ask(`${services.services}/v2/apps/attack?embed=app.tasks`);
          const task = (body as { app: { tasks: { id: string }[] } }).app.tasks[0];
          if (task === undefined) return undefined;
          const log = await ask(`${agent}/keelson/v1/files/${encodeURIComponent(task.id)}?path=stdout`);
          return String(log.body).includes("done\n") ? String(log.body) : undefined;
        },
        90_000,
      );
      const told = new Map(
        output
          .trim()
          .split("\n")
          .map((line) => line.split(" ") as [string, string]),
      );
      for (const target of [...targets, "post", "subscribe", "exec", "link", "app", "forged"])
        expect({ target, status: told.get(target) }).toEqual({ target, status: "401" });
      expect(told.get("health")).toBe("200");
      expect(told.get("token")).toBe("200");
      expect(told.get("uid")).not.toBe("0");
      // The cluster's own account goes on as before.
      expect((await ask(`${services.kernel}/state`)).status).toBe(200);
      expect((await ask(`${services.services}/v2/apps/attack`)).status).toBe(200);
    });
  },
);
