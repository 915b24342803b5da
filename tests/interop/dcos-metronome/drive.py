"""The package `dcos-metronome` of the Python index, unmodified, against the Metronome API at the address that is given. It tells each step as a line."""
import sys
import time

from google.protobuf.json_format import ParseError
from metronome import MetronomeClient, NotFoundError
from metronome.models import JobSpec, ScheduleSpec

client = MetronomeClient(sys.argv[1], timeout=30)
JOB = "python.report"
# The numbers that the package has for names of the API.
ALLOW, ACTIVE = 1, 2


def until(what, look, seconds=60):
    deadline = time.time() + seconds
    while time.time() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit("waited in vain for: " + what)


def told(step):
    print(step, flush=True)


def unread(call):
    """The package reads no field that it doesn't know: jobs have had dependencies since it was made."""
    try:
        call()
        raise SystemExit("a job was read")
    except ParseError as error:
        assert "dependencies" in str(error), error


assert client.ping() == "pong"
told("ping")

job = JobSpec(id=JOB, description="of before")
job.run.cmd = "exec sleep 100000"
job.run.cpus = 0.01
job.run.mem = 32
job.run.disk.value = 0
job.run.env["WORD"] = "kept"
unread(lambda: client.create_job(job))
job.description = "of today"
unread(lambda: client.update_job(JOB, job))
told("created and updated")

first = client.run_job(JOB)
second = client.run_job(JOB)
assert first.jobId == JOB and first.id != second.id
until("both run", lambda: [run.status for run in client.list_runs(JOB)] == [ACTIVE, ACTIVE])
assert client.get_run(JOB, first.id).tasks[0].id.startswith("python_report_" + first.id)
told("run")

made = client.create_schedule(
    JOB,
    ScheduleSpec(id="nightly", cron="0 3 * * *", timezone="UTC", startingDeadlineSeconds=900, concurrencyPolicy=ALLOW, enabled=True),
)
assert made.nextRunAt, made
made.cron = "30 4 * * *"
made.nextRunAt = ""
client.update_schedule(JOB, "nightly", made)
assert [each.cron for each in client.list_schedules(JOB)] == ["30 4 * * *"]
assert "T04:30:00" in client.get_schedule(JOB, "nightly").nextRunAt
client.delete_schedule(JOB, "nightly")
assert client.list_schedules(JOB) == []
told("scheduled")

client.stop_run(JOB, first.id)
until("one is left", lambda: [run.id for run in client.list_runs(JOB)] == [second.id])
try:
    client.get_run(JOB, first.id)
    raise SystemExit("the run is still there")
except NotFoundError:
    told("stopped")

client.delete_job(JOB, stop_current_job_runs=True)
try:
    client.run_job(JOB)
    raise SystemExit("the job is still there")
except NotFoundError:
    told("removed")
