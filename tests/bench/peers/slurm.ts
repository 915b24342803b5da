/** Slurm of Debian on this machine: one controller, ten compute daemons, no authentication, no isolation. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { ask, install, pidsRunning, startDaemon, until } from "./daemon.ts";

const nodes = 10;
const controllerPort = 26_817;

export interface Slurm {
  /** Submits one array of sleeping jobs and waits until all of their processes run. */
  runProcesses(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startSlurm(): Promise<Slurm> {
  install(["slurmctld", "slurmd", "slurm-client"], "slurmctld");
  const directory = mkdtempSync(join(tmpdir(), "keelson-slurm-"));
  const config = join(directory, "slurm.conf");
  mkdirSync(join(directory, "state"));
  writeFileSync(config, configuration(directory));
  const env = { ...process.env, SLURM_CONF: config };
  const daemons = [startDaemon("slurmctld", ["-D", "-c"], join(directory, "controller.log"), env)];
  for (let index = 0; index < nodes; index += 1) {
    mkdirSync(join(directory, "spool", `n${index}`), { recursive: true });
    daemons.push(startDaemon("slurmd", ["-D", "-N", `n${index}`], join(directory, `n${index}.log`), env));
  }
  const idle = (): boolean => {
    try {
      return ask("sinfo", ["-h", "-o", "%D %t"], env).trim() === `${nodes} idle`;
    } catch {
      return false;
    }
  };
  await until("slurm's nodes are idle", idle);
  return {
    runProcesses: async (count) => {
      const job = ["--array", `1-${count}`, "-o", "/dev/null", "--wrap", "exec sleep 98765"];
      ask("sbatch", job, env);
      await until(`${count} jobs run`, () => pidsRunning("sleep 98765").length >= count);
    },
    stop: async () => {
      ask("scancel", ["-u", "root"], env);
      await until("slurm's jobs ended", () => pidsRunning("sleep 98765").length === 0);
      for (const daemon of daemons.reverse()) await daemon.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function configuration(directory: string): string {
  const host = hostname().split(".")[0];
  return `ClusterName=bench
SlurmctldHost=${host}(127.0.0.1)
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmctldPort=${controllerPort}
StateSaveLocation=${directory}/state
SlurmdSpoolDir=${directory}/spool/%n
SlurmctldPidFile=${directory}/controller.pid
SlurmdPidFile=${directory}/%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/builtin
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,default_queue_depth=5000,sched_max_job_start=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU,CR_LLN
SlurmdParameters=config_overrides
MaxArraySize=5001
MaxJobCount=20000
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
NodeName=n[0-${nodes - 1}] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[26820-${26_820 + nodes - 1}] CPUs=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}
