/** Jobs that together say everything that a job can say, none of it what it is anyway. */

const run = { cpus: 0.5, mem: 64, disk: 5 };

export const jobsWithEverything: readonly object[] = [
  {
    id: "a",
    description: "each night",
    labels: { tier: "a" },
    schedules: [
      {
        id: "nightly",
        cron: "0 1 * * *",
        timezone: "Asia/Shanghai",
        startingDeadlineSeconds: 60,
        concurrencyPolicy: "FORBID",
        enabled: false,
      },
    ],
    run: {
      ...run,
      cmd: "run it",
      user: "guest",
      env: { A: "1", B: { secret: "s" } },
      secrets: { s: { source: "/s" } },
      artifacts: [{ uri: "http://a/b", extract: false, executable: true, cache: true }],
      volumes: [{ containerPath: "s", secret: "s" }],
      placement: { constraints: [{ attribute: "rack", operator: "LIKE", value: "a" }] },
      maxLaunchDelay: 60,
      restart: { policy: "ON_FAILURE", activeDeadlineSeconds: 9 },
      taskKillGracePeriodSeconds: 4,
      gpus: 1,
    },
  },
  {
    id: "b",
    dependencies: [{ id: "a" }],
    run: {
      ...run,
      args: ["a"],
      docker: {
        image: "web",
        forcePullImage: true,
        privileged: true,
        parameters: [{ key: "env", value: "A=1" }],
      },
      volumes: [{ containerPath: "/data", hostPath: "/srv", mode: "RW" }],
      networks: [{ mode: "container", name: "blue", labels: { tier: "a" } }],
    },
  },
  { id: "c", run: { ...run, ucr: { image: { id: "web", forcePull: true } }, networks: [{ mode: "host" }] } },
];

const withRun = (fields: object): object => ({ id: "a", run: { ...run, ...fields } });

/** Field, where its problem stands, a job with it. */
export const refusedInJobs: readonly (readonly [string, string, object])[] = [
  ["run.ucr.image.kind", "/run/ucr/image/kind", withRun({ ucr: { image: { id: "web", kind: "appc" } } })],
  ["run.ucr.privileged", "/run/ucr/privileged", withRun({ ucr: { image: { id: "web" }, privileged: true } })],
];
