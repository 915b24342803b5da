// A scheduler on mesos-go as Debian ships it, unmodified. Arguments: master's address, codec (protobuf or json), tasks.
// It tells what it hears as lines of JSON, and takes commands as lines: kill TASK, reconcile, teardown.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/backoff"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/extras/scheduler/callrules"
	"github.com/mesos/mesos-go/api/v1/lib/extras/scheduler/controller"
	"github.com/mesos/mesos-go/api/v1/lib/extras/store"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	"github.com/mesos/mesos-go/api/v1/lib/resources"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/events"
)

type line map[string]interface{}

var mutex sync.Mutex

func tell(what line) {
	mutex.Lock()
	defer mutex.Unlock()
	text, _ := json.Marshal(what)
	fmt.Println(string(text))
}

func main() {
	wanted, _ := strconv.Atoi(os.Args[3])
	codec := codecs.ByMediaType[codecs.MediaTypeProtobuf]
	if os.Args[2] == "json" {
		codec = codecs.ByMediaType[codecs.MediaTypeJSON]
	}
	const failover = 60 * time.Second
	ids := store.NewInMemorySingleton()
	caller := callrules.WithFrameworkID(store.GetIgnoreErrors(ids)).Caller(httpsched.NewCaller(httpcli.New(
		httpcli.Endpoint(os.Args[1]+"/api/v1/scheduler"),
		httpcli.Codec(codec),
	), httpsched.AllowReconnection(true)))

	launched := 0
	agents := map[string]string{}
	ctx, cancel := context.WithCancel(context.Background())
	call := func(c *scheduler.Call) {
		if err := calls.CallNoData(ctx, caller, c); err != nil {
			tell(line{"event": "CALL_FAILED", "call": c.GetType().String(), "problem": err.Error()})
		}
	}
	handler := events.HandlerFunc(func(ctx context.Context, event *scheduler.Event) error {
		switch event.GetType() {
		case scheduler.Event_SUBSCRIBED:
			tell(line{"event": "SUBSCRIBED", "frameworkId": event.GetSubscribed().GetFrameworkID().GetValue(),
				"heartbeat": event.GetSubscribed().GetHeartbeatIntervalSeconds()})
		case scheduler.Event_OFFERS:
			for _, offer := range event.GetOffers().GetOffers() {
				tasks := []mesos.TaskInfo{}
				for ; launched < wanted && len(tasks) < 5; launched++ {
					id := fmt.Sprintf("go-%d", launched)
					shell, command := true, "exec sleep 100000"
					agents[id] = offer.AgentID.Value
					tasks = append(tasks, mesos.TaskInfo{
						Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID,
						Command: &mesos.CommandInfo{Shell: &shell, Value: &command},
						Resources: mesos.Resources{
							resources.NewCPUs(0.01).Resource, resources.NewMemory(8).Resource,
						},
					})
				}
				if len(tasks) == 0 {
					call(calls.Decline(offer.ID).With(calls.RefuseSeconds(time.Hour)))
				} else {
					call(calls.Accept(calls.OfferOperations{calls.OpLaunch(tasks...)}.WithOffers(offer.ID)).
						With(calls.RefuseSeconds(time.Second)))
				}
			}
		case scheduler.Event_UPDATE:
			status := event.GetUpdate().GetStatus()
			tell(line{"event": "UPDATE", "task": status.TaskID.Value, "state": status.GetState().String(),
				"reason": status.GetReason().String(), "acknowledged": len(status.GetUUID()) > 0,
				"timestamp": status.GetTimestamp()})
		default:
			tell(line{"event": event.GetType().String()})
		}
		return nil
	})

	go func() {
		input := bufio.NewScanner(os.Stdin)
		for input.Scan() {
			words := strings.Fields(input.Text())
			switch words[0] {
			case "kill":
				call(calls.Kill(words[1], agents[words[1]]))
			case "reconcile":
				call(calls.Reconcile())
			case "teardown":
				id, _ := ids.Get()
				call((&scheduler.Call{Type: scheduler.Call_TEARDOWN}).With(calls.Framework(id)))
				cancel()
			}
		}
		cancel()
	}()

	timeout := failover.Seconds()
	checkpoint := true
	err := controller.Run(ctx,
		&mesos.FrameworkInfo{User: os.Args[4], Name: "mesos-go", FailoverTimeout: &timeout, Checkpoint: &checkpoint},
		caller,
		controller.WithEventHandler(controller.LiftErrors().Handle(
			controller.TrackSubscription(ids, failover).Handle(
				controller.AckStatusUpdates(caller).Handle(handler)))),
		controller.WithFrameworkID(store.GetIgnoreErrors(ids)),
		controller.WithRegistrationTokens(backoff.Notifier(100*time.Millisecond, time.Second, ctx.Done())),
		controller.WithSubscriptionTerminated(func(err error) {
			tell(line{"event": "DISCONNECTED", "problem": fmt.Sprint(err)})
		}),
	)
	tell(line{"event": "ENDED", "problem": fmt.Sprint(err)})
}
