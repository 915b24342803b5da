// go-marathon, unmodified, against the Marathon API at the address that is given. It tells each step as a line.
package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	marathon "github.com/gambol99/go-marathon"
)

const patience = 60 * time.Second

func main() {
	config := marathon.NewDefaultConfig()
	config.URL = os.Args[1]
	config.EventsTransport = marathon.EventsTransportSSE
	config.PollingWaitTime = 50 * time.Millisecond
	if len(os.Args) > 2 {
		config.DCOSToken = os.Args[2]
	}
	client, err := marathon.NewClient(config)
	must(err)
	drive(client)
}

func drive(client marathon.Marathon) {
	up, err := client.Ping()
	must(err)
	info, err := client.Info()
	must(err)
	leader, err := client.Leader()
	must(err)
	hasPods, err := client.SupportsPods()
	must(err)
	demand(up && info.Name == "marathon" && info.FrameworkID != "" && leader != "" && hasPods, "info %+v, leader %q, pods %v", info, leader, hasPods)
	told("info")

	// EventIDApplications would add types of before Marathon 1.8; these two are told by every version.
	events, err := client.AddEventsListener(marathon.EventIDStatusUpdate | marathon.EventIDDeploymentSuccess | marathon.EventIDAPIRequest)
	must(err)
	heard := listen(events)
	until("an event stream", func() bool {
		// Subscribing goes on behind the call; what is created before it is there would not be heard of.
		_, err := client.CreateApplication(probe())
		must(err)
		deleteApp(client, "/go/probe")
		return heard.has("deployment_success")
	})
	told("subscribed")

	app := marathon.NewDockerApplication().Name("/go/web").CPU(0.01).Memory(8).Count(2).AddLabel("owner", "go").AddEnv("WORD", "kept")
	app.Container = nil
	app.Command("exec python3 -m http.server $PORT0").AddConstraint("hostname", "LIKE", ".*")
	port := marathon.PortDefinition{Name: "http"}
	port.SetPort(0).AddLabel("VIP_0", "/go:80")
	app.AddPortDefinition(port)
	check := marathon.NewDefaultHealthCheck()
	check.SetPath("/").SetPortIndex(0)
	check.IntervalSeconds, check.GracePeriodSeconds = 1, 30
	made, err := client.CreateApplication(app.AddHealthCheck(*check))
	must(err)
	demand(made.ID == "/go/web" && len(made.DeploymentIDs()) == 1, "made %+v", made)
	must(client.WaitOnApplication("/go/web", patience))
	finished(client, made.DeploymentIDs()[0])
	until("health of both", func() bool { ok, err := client.ApplicationOK("/go/web"); must(err); return ok })
	told("created and healthy")

	deployment, err := client.ScaleApplicationInstances("/go/web", 3, false)
	must(err)
	finished(client, deployment)
	tasks, err := client.Tasks("/go/web")
	must(err)
	demand(len(tasks.Tasks) == 3, "tasks %+v", tasks)
	told("scaled")

	current, err := client.ApplicationBy("/go/web", &marathon.GetAppOpts{Embed: []string{"app.tasks", "app.lastTaskFailure"}})
	must(err)
	demand(*current.Instances == 3 && (*current.Labels)["owner"] == "go" && len(current.Tasks) == 3, "app %+v", current)
	before := current.Version
	// What it read it sends back whole, but for what only the server says.
	deployment, err = client.UpdateApplication(definitionOf(current).Memory(12), false)
	must(err)
	finished(client, deployment)
	current, err = client.Application("/go/web")
	must(err)
	demand(*current.Mem == 12 && (*current.Env)["WORD"] == "kept", "app %+v", current)
	versions, err := client.ApplicationVersions("/go/web")
	must(err)
	known, err := client.HasApplicationVersion("/go/web", before)
	must(err)
	older, err := client.ApplicationByVersion("/go/web", before)
	must(err)
	demand(len(versions.Versions) >= 3 && known && *older.Mem == 8, "versions %v, older %+v", versions, older)
	deployment, err = client.SetApplicationVersion("/go/web", &marathon.ApplicationVersion{Version: before})
	must(err)
	finished(client, deployment)
	told("upgraded and brought back")

	until("updates and requests heard", func() bool { return heard.has("status_update_event") && heard.has("api_post_event") })
	told("heard of it")

	tasks, err = client.AllTasks(&marathon.AllTasksOpts{Status: "running"})
	must(err)
	demand(len(tasks.Tasks) >= 3, "all tasks %+v", tasks)
	mine, err := client.Tasks("/go/web")
	must(err)
	// `KillTask` takes the app's name from the task's id, as ids were before Marathon 1.8.
	victim := mine.Tasks[0].ID
	must(client.KillTasks([]string{victim}, &marathon.KillTaskOpts{}))
	until("another in its place", func() bool { return running(client, "/go/web") == 3 && !has(client, "/go/web", victim) })
	must(client.KillTasks([]string{mine.Tasks[1].ID, mine.Tasks[2].ID}, &marathon.KillTaskOpts{Scale: true}))
	until("one is left", func() bool { return running(client, "/go/web") == 1 })
	idle(client)
	ended, err := client.KillApplicationTasks("/go/web", &marathon.KillApplicationTasksOpts{})
	must(err)
	demand(len(ended.Tasks) == 1, "ended %+v", ended)
	until("its successor", func() bool { return running(client, "/go/web") == 1 && !has(client, "/go/web", ended.Tasks[0].ID) })
	told("killed")

	deployment, err = client.RestartApplication("/go/web", false)
	must(err)
	finished(client, deployment)
	names, err := client.ListApplications(url.Values{"label": []string{"owner==go"}})
	must(err)
	demand(len(names) == 1 && names[0] == "/go/web", "found %v", names)
	told("restarted and found by label")

	group := marathon.NewApplicationGroup("/go/group")
	group.App(plain("/go/group/one")).App(plain("/go/group/two").DependsOn("/go/group/one"))
	must(client.CreateGroup(group))
	must(client.WaitOnGroup("/go/group", patience))
	idle(client)
	read, err := client.GroupBy("/go/group", &marathon.GetGroupOpts{Embed: []string{"group.apps", "group.apps.tasks"}})
	must(err)
	demand(len(read.Apps) == 2, "group %+v", read)
	deployment, err = client.UpdateGroup("/go/group", marathon.NewApplicationGroup("/go/group").App(plain("/go/group/one")), true)
	must(err)
	finished(client, deployment)
	deployment, err = client.DeleteGroup("/go/group", true)
	must(err)
	finished(client, deployment)
	stays, err := client.HasGroup("/go/group")
	must(err)
	demand(!stays, "the group is still there")
	told("group")

	pods(client)

	huge := plain("/go/huge").CPU(1000)
	_, err = client.CreateApplication(huge)
	must(err)
	until("it waits in the queue", func() bool {
		queue, err := client.Queue()
		must(err)
		for _, item := range queue.Items {
			if item.Application != nil && item.Application.ID == "/go/huge" {
				return item.Count == 1
			}
		}
		return false
	})
	must(client.DeleteQueueDelay("/go/huge"))
	waiting, err := client.ApplicationDeployments("/go/huge")
	must(err)
	known, err = client.HasDeployment(waiting[0].DeploymentID)
	must(err)
	demand(known, "deployment %v", waiting)
	deployment, err = client.DeleteDeployment(waiting[0].DeploymentID, false)
	must(err)
	finished(client, deployment)
	_, err = client.Application("/go/huge")
	demandMissing(err)
	told("queue and rollback")

	deleteApp(client, "/go/web")
	_, err = client.Application("/go/web")
	demandMissing(err)
	_, err = client.CreateApplication(plain("/go/Not Allowed"))
	refusal, ok := err.(*marathon.APIError)
	demand(ok && refusal.ErrCode == marathon.ErrCodeInvalidBean && strings.Contains(refusal.Error(), "id"), "refusal %v", err)
	told("deleted")
}

func pods(client marathon.Marathon) {
	pod := marathon.NewPod().Name("/go/pod").Count(2)
	// It writes no networks unless asked, which the API takes for the host's.
	for _, name := range []string{"one", "two"} {
		pod.AddContainer(marathon.NewPodContainer().SetName(name).SetCommand("exec sleep 100000").CPUs(0.01).Memory(8))
	}
	made, err := client.CreatePod(pod)
	must(err)
	demand(made.ID == "/go/pod" && len(made.Containers) == 2, "pod %+v", made)
	must(client.WaitOnPod("/go/pod", patience))
	idle(client)
	status, err := client.PodStatus("/go/pod")
	must(err)
	demand(status.Status == marathon.PodStateStable && len(status.Instances) == 2, "status %+v", status)
	demand(client.PodIsRunning("/go/pod"), "the pod does not run")
	// It kills, but can't read the answer: an instance's id is a string since Marathon 1.8.
	victim := status.Instances[0].ID
	_, _ = client.DeletePodInstance("/go/pod", victim)
	until("another instance in its place", func() bool {
		status, err := client.PodStatus("/go/pod")
		must(err)
		for _, instance := range status.Instances {
			if instance.ID == victim && instance.Status == marathon.PodInstanceStateStable {
				// An instance keeps its id when it is started again; its containers' ids count on.
				return strings.HasSuffix(instance.Containers[0].ContainerID, ".2")
			}
		}
		return false
	})
	_, err = client.UpdatePod(made.Count(1), true)
	must(err)
	idle(client)
	versions, err := client.PodVersions("/go/pod")
	must(err)
	older, err := client.PodByVersion("/go/pod", versions[0])
	must(err)
	all, err := client.Pods()
	must(err)
	statuses, err := client.PodStatuses()
	must(err)
	demand(len(versions) == 2 && older.ID == "/go/pod" && len(all) == 1 && len(statuses) == 1, "versions %v, all %v, statuses %v", versions, all, statuses)
	deployment, err := client.DeletePod("/go/pod", true)
	must(err)
	finished(client, deployment)
	told("pod")
}

// Names of the events that came in.
type hearing struct {
	sync.Mutex
	names map[string]bool
}

func listen(events marathon.EventsChannel) *hearing {
	heard := &hearing{names: map[string]bool{}}
	go func() {
		for event := range events {
			heard.Lock()
			heard.names[event.Name] = true
			heard.Unlock()
		}
	}()
	return heard
}

func (heard *hearing) has(name string) bool {
	heard.Lock()
	defer heard.Unlock()
	return heard.names[name]
}

func plain(id string) *marathon.Application {
	app := &marathon.Application{}
	return app.Name(id).Command("exec sleep 100000").CPU(0.01).Memory(8).Count(1)
}

func probe() *marathon.Application { return plain("/go/probe").Count(0) }

func definitionOf(app *marathon.Application) *marathon.Application {
	copied := *app
	copied.Tasks, copied.Deployments, copied.LastTaskFailure, copied.Version, copied.VersionInfo = nil, nil, nil, "", nil
	return &copied
}

func running(client marathon.Marathon, app string) int {
	tasks, err := client.Tasks(app)
	must(err)
	count := 0
	for _, task := range tasks.Tasks {
		if task.State == "TASK_RUNNING" {
			count++
		}
	}
	return count
}

func has(client marathon.Marathon, app, task string) bool {
	tasks, err := client.Tasks(app)
	must(err)
	for _, each := range tasks.Tasks {
		if each.ID == task {
			return true
		}
	}
	return false
}

func deleteApp(client marathon.Marathon, id string) {
	deployment, err := client.DeleteApplication(id, true)
	must(err)
	finished(client, deployment)
}

func finished(client marathon.Marathon, deployment *marathon.DeploymentID) {
	must(client.WaitOnDeployment(deployment.DeploymentID, patience))
}

// Of what is driven here; others drive other things.
func idle(client marathon.Marathon) {
	until("the end of all deployments", func() bool {
		list, err := client.Deployments()
		must(err)
		for _, each := range list {
			for _, app := range append(each.AffectedApps, each.AffectedPods...) {
				if strings.HasPrefix(app, "/go/") {
					return false
				}
			}
		}
		return true
	})
}

func until(what string, look func() bool) {
	for deadline := time.Now().Add(patience); !look(); time.Sleep(50 * time.Millisecond) {
		demand(time.Now().Before(deadline), "waited in vain for: %s", what)
	}
}

func demandMissing(err error) {
	refusal, ok := err.(*marathon.APIError)
	demand(ok && refusal.ErrCode == marathon.ErrCodeNotFound, "it is still there: %v", err)
}

func demand(holds bool, text string, values ...interface{}) {
	if !holds {
		panic(fmt.Sprintf(text, values...))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func told(step string) { fmt.Println(step) }
