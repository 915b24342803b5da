"""The package `marathon` of the Python index, unmodified, against the Marathon API at the address that is given. It tells each step as a line."""
import sys
import threading
import time

from marathon import MarathonClient, NotFoundError
from marathon.models import MarathonApp, MarathonConstraint, MarathonGroup, MarathonHealthCheck

client = MarathonClient(sys.argv[1], timeout=30)


def until(what, look, seconds=60):
    deadline = time.time() + seconds
    while time.time() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit("waited in vain for: " + what)


def deployments():
    """Of what is driven here; others drive other things."""
    return [each for each in client.list_deployments() if any(app.startswith("/python") for app in each.affected_apps)]


def idle():
    until("the end of all deployments", lambda: deployments() == [])


def told(step):
    print(step, flush=True)


assert b"pong" in client.ping()
assert client.get_info().name == "marathon"
told("info")

made = client.create_app(
    "/python/web",
    MarathonApp(
        cmd="exec sleep 100000",
        cpus=0.01,
        mem=8,
        instances=2,
        labels={"owner": "python"},
        constraints=[MarathonConstraint(field="hostname", operator="LIKE", value=".*")],
        health_checks=[MarathonHealthCheck(protocol="COMMAND", command="true", interval_seconds=1, delaySeconds=0)],
    ),
)
assert made.id == "/python/web" and made.instances == 2
idle()
app = client.get_app("/python/web", embed_tasks=True)
assert app.tasks_running == 2 and len(app.tasks) == 2 and app.labels == {"owner": "python"}
until("health", lambda: client.get_app("/python/web").tasks_healthy == 2)
told("created")

client.scale_app("/python/web", instances=3)
idle()
assert client.get_app("/python/web").instances == 3
told("scaled")

heard = []


def listen():
    # Plans in the form that the package expects came to an end with Marathon 1.8: it can't read events that have one.
    for event in client.event_stream(event_types=["event_stream_attached", "instance_changed_event", "status_update_event"]):
        heard.append(event)


threading.Thread(target=listen, daemon=True).start()
before = client.get_app("/python/web").version
app = client.get_app("/python/web")
app.mem = 12
client.update_app("/python/web", app)
idle()
until("the news of it", lambda: [event for event in heard if event.event_type == "status_update_event" and event.task_status == "TASK_RUNNING"])
assert client.get_app("/python/web").mem == 12
told("upgraded and heard of it")

assert client.get_version("/python/web", before).mem == 8
told("versions")

task = client.list_tasks("/python/web")[0]
client.kill_task("/python/web", task.id)
until(
    "another in its place",
    lambda: len(client.list_tasks("/python/web")) == 3 and task.id not in [each.id for each in client.list_tasks("/python/web")],
)
told("killed")

client.restart_app("/python/web")
idle()
assert [app.id for app in client.list_apps(label="owner==python")] == ["/python/web"]
assert client.list_apps(label="owner==somebody") == []
told("restarted and found by label")

client.create_group(MarathonGroup(id="/python/group", apps=[MarathonApp(id="one", cmd="exec sleep 100000", cpus=0.01, mem=8)]))
idle()
assert [app.id for app in client.get_group("/python/group").apps] == ["/python/group/one"]
client.delete_group("/python/group", force=True)
idle()
told("group")

huge = client.create_app("/python/huge", MarathonApp(cmd="sleep 1", cpus=1000, mem=8))
# The package can't read queue items since they have a role, with Marathon 1.9; what waits shows in the deployment.
assert [each.id for each in deployments()] == [huge.deployments[0].id]
client.delete_deployment(huge.deployments[0].id, force=True)
client.delete_app("/python/huge", force=True)
client.delete_app("/python/web", force=True)
idle()
try:
    client.get_app("/python/web")
    raise SystemExit("the app is still there")
except NotFoundError:
    told("deleted")
