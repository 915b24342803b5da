/** Packages of a Universe as the apps they are installed as: each is taken, or refused with the field. */
import { describe, expect, it } from "vitest";
import { isExplained, judge } from "./definitions.ts";
import { packageApps, universeFolder, universeSample } from "./universe.ts";

describe("a folder of packages", () => {
  const apps = packageApps(universeSample);

  it("is read by its templates; a package without one is no app", () => {
    expect(apps.map(({ name }) => name)).toEqual(["B/boxed/3", "T/toy/0", "T/toy/1"]);
  });

  it("gives apps with the defaults of their options", () => {
    const toy = apps[1]?.app;
    expect(toy !== undefined && "body" in toy && judge(toy.body)).toMatchObject({
      kind: "accepted",
      app: {
        id: "/toy",
        instances: 1,
        cpus: 0.5,
        acceptedResourceRoles: ["*"],
        env: { MESSAGE: 'says "hello"' },
        fetch: [{ uri: "http://files.example/toy.tar.gz", extract: true }],
        healthChecks: [{ protocol: "HTTP", portIndex: 0 }],
      },
    });
  });

  it("takes an image in a bridge with data at an absolute path, and names the template that needs what nobody said", () => {
    const boxed = apps[0]?.app;
    expect(boxed !== undefined && "body" in boxed && judge(boxed.body)).toMatchObject({
      kind: "accepted",
      app: {
        cpus: 1,
        networks: [{ mode: "container/bridge" }],
        container: {
          docker: { image: "example/boxed:1" },
          volumes: [
            { containerPath: "data", persistent: { type: "root", size: 64 } },
            { containerPath: "/var/lib/boxed", hostPath: "data", mode: "RW" },
          ],
        },
      },
    });
    expect(apps[2]?.app).toHaveProperty("problem");
  });
});

describe.skipIf(universeFolder() === undefined)("a public Universe", () => {
  it("has only apps that are taken, or refused with a field for a reason that is known", () => {
    const apps = packageApps(universeFolder() ?? "");
    const unrendered = apps.flatMap(({ name, app }) => ("problem" in app ? [`${name}: ${app.problem}`] : []));
    const reasons = new Map<string, string[]>();
    let taken = 0;
    for (const { name, app } of apps) {
      if (!("body" in app)) continue;
      const verdict = judge(app.body);
      if (verdict.kind === "accepted") taken += 1;
      else {
        expect({ name, fields: verdict.fields.length }).not.toEqual({ name, fields: 0 });
        for (const field of verdict.fields) {
          const key = field.replace(/\(\d+\)/g, "(n)").replace(/\/env\/[^:/]+/, "/env/…");
          reasons.set(key, [...(reasons.get(key) ?? []), name]);
        }
      }
    }
    console.log(
      `${apps.length} templates, ${taken} taken, ${unrendered.length} need options that have no default`,
    );
    for (const [reason, names] of [...reasons].sort((one, other) => other[1].length - one[1].length))
      console.log(`  ${names.length} × ${reason}   ${names.slice(0, 3).join(" ")}`);
    expect(taken).toBeGreaterThan(0);
    const unexplained = [...reasons].filter(([reason]) => !isExplained(reason));
    expect(unexplained).toEqual([]);
  }, 120_000);
});
