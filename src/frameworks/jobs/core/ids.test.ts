import { expect, it } from "vitest";
import { parseTaskId, runPath, taskIdOf, taskName } from "./ids.ts";

const uuid = "01234567-89ab-4cde-8f01-23456789abcd";

it.each(["a", "a.b-c.d1", "a--b"])("a task id tells its run: job %s", (jobId) => {
  const runId = "20260131080000aB3dE";
  expect(parseTaskId(taskIdOf(jobId, runId, uuid))).toEqual({ jobId, runId });
});

it("ids are written as upstream does", () => {
  expect(taskIdOf("shop.nightly", "20260131080000aB3dE", uuid)).toBe(
    `shop_nightly_20260131080000aB3dE.${uuid}`,
  );
  expect(runPath("shop.nightly", "20260131080000aB3dE")).toBe("/shop/nightly/20260131080000aB3dE");
  expect(taskName("shop.nightly", "r")).toBe("r.nightly.shop");
});

it.each(["", "web.instance-x._app.1", `a_2026.${uuid}`, `A_20260131080000aB3dE.${uuid}`])(
  "%j is no task of a run",
  (text) => {
    expect(parseTaskId(text)).toBeUndefined();
  },
);
