/** What each unversioned endpoint of a master and an agent is for: `/help` and `/help/<actor>/<endpoint>` tell it. */

type EndpointHelp = Readonly<Record<string, string>>;

/** Of both. */
const everywhere: EndpointHelp = {
  "/files/browse": "GET ?path=. What is in a folder: path, size, mtime, mode, nlink, uid and gid of each.",
  "/files/debug": "GET. Which paths can be read here, and what each stands for.",
  "/files/download": "GET ?path=. The bytes of a file.",
  "/files/read":
    "GET ?path=&offset=&length=. A piece of a file as {data, offset}; offset -1 tells its size, length -1 means to its end.",
  "/flags": "GET. What this process was started with.",
  "/health": "GET. 200 while this process answers. Nobody has to say who they are.",
  "/help":
    "GET. The endpoints of this process; /help/<process>/<endpoint> tells of one. ?format=json for programs.",
  "/logging/toggle":
    "GET or POST ?level=&duration=. More log lines for so long; without parameters the level.",
  "/metrics/snapshot": "GET ?timeout=. All metrics as one object of names and numbers.",
  "/state": "GET. Everything known here of agents, frameworks, executors and tasks.",
  "/system/stats": "GET. Processors, load and memory of this machine.",
  "/version": "GET. The version that is spoken. Nobody has to say who they are.",
};

export const masterEndpoints: EndpointHelp = {
  ...everywhere,
  "/api/v1": "POST. The operator API: one call in JSON or protobuf, its type in the body.",
  "/api/v1/scheduler": "POST. The scheduler API: SUBSCRIBE opens a stream of events, other calls answer it.",
  "/create-volumes": "POST slaveId=&volumes=. Makes persistent volumes of reserved disk.",
  "/destroy-volumes": "POST slaveId=&volumes=. Destroys persistent volumes, with what is in them.",
  "/frameworks": "GET ?framework_id=. Frameworks with their tasks, those that completed included.",
  "/machine/down": "POST, an array of machines. Machines in the maintenance schedule go down.",
  "/machine/up": "POST, an array of machines. Machines that are down are up again.",
  "/maintenance/schedule": "GET, POST. Windows in which machines will be away; POST replaces all of them.",
  "/maintenance/status": "GET. Machines that drain, what frameworks answered, and machines that are down.",
  "/quota": "GET, POST; DELETE /quota/<role>. Guarantees of roles, in the older form.",
  "/redirect": "GET. 307 to the master that leads. Nobody has to say who they are.",
  "/reserve": "POST slaveId=&resources=. Reserves free resources of an agent for a role.",
  "/roles": "GET. Roles with weight, quota and what they hold.",
  "/slaves": "GET ?slave_id=. Agents with their resources in full.",
  "/state-summary": "GET. Agents and frameworks with the counts of their tasks.",
  "/tasks": "GET ?limit=&offset=&order=&framework_id=&task_id=. Tasks, newest first.",
  "/teardown": "POST frameworkId=. Ends a framework and all of its tasks.",
  "/unreserve": "POST slaveId=&resources=. Gives reserved resources of an agent back to everybody.",
  "/weights": "GET, PUT. The share that each role has beside others.",
};

export const agentEndpoints: EndpointHelp = {
  ...everywhere,
  "/api/v1": "POST. The operator API: one call in JSON or protobuf, its type in the body.",
  "/api/v1/executor": "POST. The executor API, for what runs under this agent.",
  "/containerizer/debug": "GET. Launches of containers that are not done yet.",
  "/containers": "GET. Containers that run, with what they use.",
  "/monitor/statistics": "GET. What each executor uses.",
};
