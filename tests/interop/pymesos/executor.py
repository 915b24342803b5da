"""An executor on pymesos from the Python package index, unmodified.

Its tasks only exist: they run until they are killed or a message says `finish TASK`. `die` ends the executor; any other
message goes back as it came.
"""
import os
import signal
import sys

from pymesos import Executor, MesosExecutorDriver, decode_data


class Stranger(Executor):
    def tell(self, driver, task_id, state):
        driver.sendStatusUpdate({"task_id": {"value": task_id}, "state": state})

    def launchTask(self, driver, task):
        self.tell(driver, task["task_id"]["value"], "TASK_RUNNING")

    def killTask(self, driver, task_id):
        self.tell(driver, task_id["value"], "TASK_KILLED")

    def frameworkMessage(self, driver, message):
        words = decode_data(message)
        if words == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif words.startswith(b"finish "):
            self.tell(driver, words[7:].decode(), "TASK_FINISHED")
        else:
            driver.sendFrameworkMessage(message)

    def shutdown(self, driver):
        sys.stdout.write("shutdown\n")
        sys.stdout.flush()


driver = MesosExecutorDriver(Stranger())
driver.run()
