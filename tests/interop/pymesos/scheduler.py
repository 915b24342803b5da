"""A scheduler on pymesos from the Python package index, unmodified. Arguments: master's host:port, number of tasks, user.

It tells what it hears as lines of JSON, and takes commands as lines: kill TASK, reconcile, teardown.
"""
import json
import sys
import threading

from pymesos import MesosSchedulerDriver, Scheduler

lock = threading.Lock()


def tell(**what):
    with lock:
        print(json.dumps(what), flush=True)


class Stranger(Scheduler):
    def __init__(self, wanted):
        self.wanted = wanted
        self.launched = 0

    def registered(self, driver, framework_id, master_info):
        tell(event="SUBSCRIBED", frameworkId=framework_id["value"])

    def reregistered(self, driver, master_info):
        tell(event="SUBSCRIBED", frameworkId=driver.framework_id)

    def disconnected(self, driver):
        tell(event="DISCONNECTED")

    def resourceOffers(self, driver, offers):
        for offer in offers:
            tasks = []
            while self.launched < self.wanted and len(tasks) < 5:
                task_id = "py-%d" % self.launched
                self.launched += 1
                tasks.append(
                    {
                        "task_id": {"value": task_id},
                        "agent_id": offer["agent_id"],
                        "name": task_id,
                        "command": {"shell": True, "value": "exec sleep 100000"},
                        "resources": [
                            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.01}},
                            {"name": "mem", "type": "SCALAR", "scalar": {"value": 8}},
                        ],
                    }
                )
            if tasks:
                driver.launchTasks(offer["id"], tasks, {"refuse_seconds": 1})
            else:
                driver.declineOffer(offer["id"], {"refuse_seconds": 3600})

    def statusUpdate(self, driver, status):
        tell(
            event="UPDATE",
            task=status["task_id"]["value"],
            state=status["state"],
            reason=status.get("reason", ""),
            acknowledged="uuid" in status,
        )

    def error(self, driver, message):
        tell(event="ERROR", problem=message)


def main():
    master, wanted, user = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    framework = {"user": user, "name": "pymesos", "failover_timeout": 60, "checkpoint": True}
    driver = MesosSchedulerDriver(Stranger(wanted), framework, master)
    driver.start()
    for line in sys.stdin:
        words = line.split()
        if words[0] == "kill":
            driver.killTask({"value": words[1]})
        elif words[0] == "reconcile":
            driver.reconcileTasks([])
        elif words[0] == "teardown":
            break
    driver.stop()
    driver.join()
    tell(event="ENDED")


main()
