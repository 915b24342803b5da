// An executor on mesos-go as Debian ships it, unmodified. Argument: codec (protobuf or json).
// Its tasks only exist: they run until they are killed or a message says `finish TASK`. `die` ends the executor; any other
// message goes back as it came.
package main

import (
	"context"
	"io"
	"log"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/backoff"
	"github.com/mesos/mesos-go/api/v1/lib/encoding"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/executor/calls"
	"github.com/mesos/mesos-go/api/v1/lib/executor/config"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpexec"
)

type state struct {
	sync.Mutex
	config  config.Config
	sender  calls.Sender
	tasks   map[string]mesos.TaskInfo
	updates map[string]executor.Call_Update
	done    bool
	counter byte
}

func main() {
	configuration, err := config.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	codec := codecs.ByMediaType[codecs.MediaTypeProtobuf]
	if os.Args[1] == "json" {
		codec = codecs.ByMediaType[codecs.MediaTypeJSON]
	}
	address := url.URL{Scheme: "http", Host: configuration.AgentEndpoint, Path: "/api/v1/executor"}
	client := httpcli.New(httpcli.Endpoint(address.String()), httpcli.Codec(codec))
	options := []executor.CallOpt{calls.Framework(configuration.FrameworkID), calls.Executor(configuration.ExecutorID)}
	s := &state{
		config:  configuration,
		sender:  calls.SenderWith(httpexec.NewSender(client.Send), options...),
		tasks:   map[string]mesos.TaskInfo{},
		updates: map[string]executor.Call_Update{},
	}
	subscriber := calls.SenderWith(httpexec.NewSender(client.Send, httpcli.Close(true)), options...)
	pause := backoff.Notifier(50*time.Millisecond, configuration.SubscriptionBackoffMax*3/4, nil)
	for !s.done {
		s.subscribe(subscriber)
		if !s.done {
			<-pause
		}
	}
}

func (s *state) subscribe(subscriber calls.Sender) {
	tasks, updates := []mesos.TaskInfo{}, []executor.Call_Update{}
	for _, task := range s.tasks {
		tasks = append(tasks, task)
	}
	for _, update := range s.updates {
		updates = append(updates, update)
	}
	response, err := subscriber.Send(context.TODO(), calls.NonStreaming(calls.Subscribe(tasks, updates)))
	if response != nil {
		defer response.Close()
	}
	if err != nil {
		log.Print("subscribe: ", err)
		return
	}
	log.Print("subscribed with ", len(updates), " updates")
	s.events(response)
}

func (s *state) events(decoder encoding.Decoder) {
	for !s.done {
		var event executor.Event
		if err := decoder.Decode(&event); err != nil {
			if err != io.EOF {
				log.Print("stream: ", err)
			}
			return
		}
		s.take(&event)
	}
}

func (s *state) take(event *executor.Event) {
	switch event.GetType() {
	case executor.Event_LAUNCH:
		task := event.GetLaunch().Task
		s.tasks[task.TaskID.Value] = task
		s.update(task.TaskID, mesos.TASK_RUNNING)
	case executor.Event_KILL:
		s.update(event.GetKill().TaskID, mesos.TASK_KILLED)
	case executor.Event_ACKNOWLEDGED:
		delete(s.tasks, event.GetAcknowledged().TaskID.Value)
		delete(s.updates, string(event.GetAcknowledged().UUID))
	case executor.Event_MESSAGE:
		words := string(event.GetMessage().Data)
		if words == "die" {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		} else if strings.HasPrefix(words, "finish ") {
			s.update(mesos.TaskID{Value: words[7:]}, mesos.TASK_FINISHED)
		} else if _, err := s.sender.Send(context.TODO(), calls.NonStreaming(calls.Message(event.GetMessage().Data))); err != nil {
			log.Print("message: ", err)
		}
	case executor.Event_SHUTDOWN:
		log.Print("shutdown")
		s.done = true
	}
}

func (s *state) update(task mesos.TaskID, taskState mesos.TaskState) {
	source, now := mesos.SOURCE_EXECUTOR, float64(time.Now().Unix())
	s.counter++
	uuid := []byte(time.Now().Format("150405.000000000"))[:15]
	status := mesos.TaskStatus{
		TaskID: task, State: &taskState, Source: &source, Timestamp: &now,
		ExecutorID: &mesos.ExecutorID{Value: s.config.ExecutorID}, UUID: append(uuid, s.counter),
	}
	update := calls.Update(status)
	s.updates[string(status.UUID)] = *update.Update
	if response, err := s.sender.Send(context.TODO(), calls.NonStreaming(update)); err != nil {
		log.Print("update: ", err)
	} else if response != nil {
		response.Close()
	}
}
