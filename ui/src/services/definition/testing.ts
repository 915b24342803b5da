/** Definitions that the API takes, with fields of tomorrow in them, for properties of the editor. */
import fc from "fast-check";

const segment = fc
  .stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  .filter((name) => !["restart", "tasks", "versions"].includes(name));
const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.constantFrom(
    "yes",
    "no",
    "null",
    "~",
    "1.0",
    "0x1F",
    "# no comment",
    "a: b",
    "- x",
    "  lead",
    "trail  ",
    "line\nline\n",
    "'",
    '"',
    "{{",
    "2024-01-01",
    "店铺",
    "\t",
    "&a",
    "*a",
    "!t",
    "%",
    "@",
    "`",
    "|",
    ">",
    "\n\n",
  ),
);
const nonEmptyText = anyText.filter((value) => value !== "");
const textMap = fc.dictionary(
  fc.oneof(anyText, fc.constantFrom("__proto__", "<<", "8080", "true", "")),
  anyText,
  { maxKeys: 5 },
);
const jsonLeaf = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.boolean(),
  fc.integer(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
);
const unknownValue = fc.oneof(
  jsonLeaf,
  fc.array(jsonLeaf, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 6 }), jsonLeaf, { maxKeys: 3 }),
);

const healthCheck = fc.record(
  {
    protocol: fc.constantFrom("HTTP", "HTTPS", "TCP"),
    path: fc.constantFrom("/", "/health", "/a b"),
    portIndex: fc.constant(0),
    gracePeriodSeconds: fc.nat(1_000),
    intervalSeconds: fc.integer({ min: 1, max: 100 }),
    maxConsecutiveFailures: fc.nat(10),
    xFutureProbe: unknownValue,
  },
  { requiredKeys: ["portIndex"] },
);

const constraint = fc.constantFrom(
  ["hostname", "UNIQUE"],
  ["rack", "GROUP_BY", "2"],
  ["zone", "LIKE", "a|b"],
  ["hostname", "MAX_PER", "3"],
);

/** About every field the form shows, and two that nobody knows. */
export const validDefinition = fc.record(
  {
    id: fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`),
    cmd: nonEmptyText,
    instances: fc.nat(100),
    cpus: fc.constantFrom(0.001, 0.1, 1, 2.5, 64),
    mem: fc.nat(100_000),
    disk: fc.nat(1_000),
    env: textMap,
    labels: textMap,
    user: nonEmptyText,
    constraints: fc.array(constraint, { maxLength: 3 }),
    portDefinitions: fc.constant([
      { port: 0, name: "web", protocol: "tcp", labels: { VIP_0: "/web:80" } },
      { port: 0 },
    ]),
    healthChecks: fc.array(healthCheck, { maxLength: 3 }),
    upgradeStrategy: fc.constantFrom(
      { minimumHealthCapacity: 1, maximumOverCapacity: 0 },
      { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2 },
    ),
    unreachableStrategy: fc.constantFrom("disabled" as const, {
      inactiveAfterSeconds: 1,
      expungeAfterSeconds: 2,
    }),
    fetch: fc.array(
      fc.record({ uri: fc.constantFrom("http://a.example/x.tgz", "file:///x"), extract: fc.boolean() }),
      { maxLength: 2 },
    ),
    xFuture: unknownValue,
    yFuture: fc.record({ nested: fc.array(unknownValue, { maxLength: 3 }) }),
  },
  { requiredKeys: ["id", "cmd"] },
);
