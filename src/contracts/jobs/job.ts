/**
 * A job and a schedule as clients send them: types, required fields, enums and bounds. A job is closed: a field it does
 * not have is refused, but for what stands beside the id of a dependency. What fields mean together is checked later, in
 * `domain/jobs`.
 * Source: Metronome API (contract metronome.md section 3).
 */
import { type Static, Type } from "../schema.ts";
import { Amount, Environment, Int, Seconds, Secrets, TextMap } from "../services/app.ts";

const Text = Type.String();
const closed = { additionalProperties: false } as const;

const idPattern = "[a-z0-9]+(-+[a-z0-9]+)*";
/** Segments divided by dots. */
export const jobIdPattern = `^${idPattern}(\\.${idPattern})*$`;
export const JobId = Type.String({ maxLength: 255, pattern: jobIdPattern });
/** What it is made of is judged where one is made: at the endpoints of schedules it is more than inside a job. */
const ScheduleId = Type.String({ maxLength: 255 });

const Artifact = Type.Object(
  {
    uri: Text,
    extract: Type.Optional(Type.Boolean()),
    executable: Type.Optional(Type.Boolean()),
    cache: Type.Optional(Type.Boolean()),
  },
  closed,
);

const Docker = Type.Object(
  {
    image: Text,
    forcePullImage: Type.Optional(Type.Boolean()),
    privileged: Type.Optional(Type.Boolean()),
    parameters: Type.Optional(Type.Array(Type.Object({ key: Text, value: Text }, closed))),
  },
  closed,
);

const Ucr = Type.Object(
  {
    image: Type.Object(
      {
        id: Text,
        kind: Type.Optional(Type.Enum(["docker", "appc"])),
        forcePull: Type.Optional(Type.Boolean()),
      },
      closed,
    ),
    privileged: Type.Optional(Type.Boolean()),
  },
  closed,
);

/** Either of the host, with `hostPath` and `mode`, or of a secret. */
const Volume = Type.Object(
  {
    containerPath: Text,
    hostPath: Type.Optional(Text),
    mode: Type.Optional(Type.Enum(["RO", "RW"])),
    secret: Type.Optional(Text),
  },
  closed,
);

const Network = Type.Object(
  {
    mode: Type.Enum(["host", "container", "container/bridge"]),
    name: Type.Optional(Text),
    labels: Type.Optional(TextMap),
  },
  closed,
);

const Placement = Type.Object(
  {
    constraints: Type.Optional(
      Type.Array(
        Type.Object(
          {
            attribute: Text,
            operator: Type.Enum(["IS", "LIKE", "UNLIKE", "EQ"]),
            value: Type.Optional(Text),
          },
          closed,
        ),
      ),
    ),
  },
  closed,
);

const Restart = Type.Object(
  { policy: Type.Enum(["NEVER", "ON_FAILURE"]), activeDeadlineSeconds: Type.Optional(Int()) },
  closed,
);

const Run = Type.Object(
  {
    cpus: Amount(0.01),
    mem: Amount(32),
    disk: Amount(0),
    gpus: Type.Optional(Int()),
    cmd: Type.Optional(Text),
    args: Type.Optional(Type.Array(Text)),
    user: Type.Optional(Text),
    env: Type.Optional(Environment),
    secrets: Type.Optional(Secrets),
    docker: Type.Optional(Docker),
    ucr: Type.Optional(Ucr),
    artifacts: Type.Optional(Type.Array(Artifact)),
    volumes: Type.Optional(Type.Array(Volume)),
    networks: Type.Optional(Type.Array(Network)),
    placement: Type.Optional(Placement),
    maxLaunchDelay: Type.Optional(Int(1)),
    restart: Type.Optional(Restart),
    taskKillGracePeriodSeconds: Type.Optional(Seconds),
  },
  closed,
);

const timing = {
  cron: Text,
  timezone: Type.Optional(Text),
  startingDeadlineSeconds: Type.Optional(Int(1)),
  concurrencyPolicy: Type.Optional(Type.Enum(["ALLOW", "FORBID"])),
  enabled: Type.Optional(Type.Boolean()),
};

/** When a job runs by itself. Open: what GET shows beside it, such as `nextRunAt`, may come back. */
export const ScheduleInput = Type.Object({ id: ScheduleId, ...timing });
export type ScheduleInput = Static<typeof ScheduleInput>;

export const JobInput = Type.Object(
  {
    id: JobId,
    description: Type.Optional(Text),
    dependencies: Type.Optional(Type.Array(Type.Object({ id: JobId }))),
    labels: Type.Optional(TextMap),
    schedules: Type.Optional(Type.Array(Type.Object({ id: JobId, ...timing }), { maxItems: 1 })),
    run: Run,
  },
  closed,
);
export type JobInput = Static<typeof JobInput>;
