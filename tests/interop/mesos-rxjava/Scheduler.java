import static com.mesosphere.mesos.rx.java.util.UserAgentEntries.literal;

import com.mesosphere.mesos.rx.java.SinkOperation;
import com.mesosphere.mesos.rx.java.SinkOperations;
import com.mesosphere.mesos.rx.java.protobuf.ProtobufMesosClientBuilder;
import com.mesosphere.mesos.rx.java.protobuf.SchedulerCalls;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.mesos.v1.Protos.CommandInfo;
import org.apache.mesos.v1.Protos.Filters;
import org.apache.mesos.v1.Protos.FrameworkID;
import org.apache.mesos.v1.Protos.FrameworkInfo;
import org.apache.mesos.v1.Protos.Offer;
import org.apache.mesos.v1.Protos.Resource;
import org.apache.mesos.v1.Protos.TaskID;
import org.apache.mesos.v1.Protos.TaskInfo;
import org.apache.mesos.v1.Protos.TaskStatus;
import org.apache.mesos.v1.Protos.Value;
import org.apache.mesos.v1.scheduler.Protos.Call;
import org.apache.mesos.v1.scheduler.Protos.Event;
import rx.Notification;
import rx.Observable;
import rx.subjects.PublishSubject;

/**
 * A scheduler on mesos-rxjava from Maven Central, unmodified, over protobuf. Arguments: the master's address, number of
 * tasks, user.
 *
 * It tells what it hears as lines of JSON, and takes commands as lines: kill TASK, reconcile, teardown.
 */
public final class Scheduler {
  private static final PublishSubject<Optional<SinkOperation<Call>>> commands = PublishSubject.create();
  private static volatile FrameworkID framework;
  private static volatile boolean ended;
  private static int launched;

  public static void main(String[] arguments) throws Exception {
    URI master = URI.create(arguments[0] + "/api/v1/scheduler");
    int wanted = Integer.parseInt(arguments[1]);
    FrameworkInfo.Builder info =
        FrameworkInfo.newBuilder()
            .setUser(arguments[2])
            .setName("mesos-rxjava")
            .setFailoverTimeout(60)
            .setCheckpoint(true);
    Thread reader = new Thread(Scheduler::obey);
    reader.setDaemon(true);
    reader.start();
    while (!ended) {
      Call subscribe = subscription(info);
      try {
        ProtobufMesosClientBuilder.schedulerUsingProtos()
            .mesosUri(master)
            .applicationUserAgentEntry(literal("keelson-interop", "1"))
            .subscribe(subscribe)
            .processStream(events -> events.publish(shared -> operations(shared, wanted)))
            .build()
            .openStream()
            .await();
      } catch (Throwable problem) {
        // The library leaves it to its user to subscribe again.
        tell("\"event\":\"DISCONNECTED\"");
      }
      Thread.sleep(200);
    }
    tell("\"event\":\"ENDED\"");
    System.exit(0);
  }

  /** What is sent: answers to events, and commands for as long as the master's stream goes on. */
  private static Observable<Optional<SinkOperation<Call>>> operations(Observable<Event> events, int wanted) {
    return events
        .<Optional<SinkOperation<Call>>>concatMap(event -> Observable.from(answers(event, wanted)))
        .mergeWith(commands.takeUntil(events.materialize().filter(Notification::isOnCompleted)));
  }

  private static Call subscription(FrameworkInfo.Builder info) {
    if (framework == null) {
      return Call.newBuilder()
          .setType(Call.Type.SUBSCRIBE)
          .setSubscribe(Call.Subscribe.newBuilder().setFrameworkInfo(info))
          .build();
    }
    return SchedulerCalls.subscribe(framework, info.setId(framework).build());
  }

  private static List<Optional<SinkOperation<Call>>> answers(Event event, int wanted) {
    List<Optional<SinkOperation<Call>>> calls = new ArrayList<>();
    switch (event.getType()) {
      case SUBSCRIBED:
        framework = event.getSubscribed().getFrameworkId();
        tell("\"event\":\"SUBSCRIBED\",\"frameworkId\":\"" + framework.getValue() + "\"");
        break;
      case OFFERS:
        for (Offer offer : event.getOffers().getOffersList()) calls.add(send(answer(offer, wanted)));
        break;
      case UPDATE:
        TaskStatus status = event.getUpdate().getStatus();
        if (status.hasUuid()) {
          calls.add(
              send(
                  SchedulerCalls.ackUpdate(
                      framework, status.getUuid(), status.getAgentId(), status.getTaskId())));
        }
        tell(
            "\"event\":\"UPDATE\",\"task\":\""
                + status.getTaskId().getValue()
                + "\",\"state\":\""
                + status.getState()
                + "\",\"acknowledged\":"
                + status.hasUuid());
        break;
      default:
        break;
    }
    return calls;
  }

  private static Call answer(Offer offer, int wanted) {
    List<TaskInfo> tasks = new ArrayList<>();
    while (launched < wanted && tasks.size() < 5) {
      String id = "java-" + launched;
      launched += 1;
      tasks.add(
          TaskInfo.newBuilder()
              .setTaskId(TaskID.newBuilder().setValue(id))
              .setAgentId(offer.getAgentId())
              .setName(id)
              .setCommand(CommandInfo.newBuilder().setShell(true).setValue("exec sleep 100000"))
              .addResources(scalar("cpus", 0.01))
              .addResources(scalar("mem", 8))
              .build());
    }
    Call.Builder call = Call.newBuilder().setFrameworkId(framework);
    if (tasks.isEmpty()) {
      return call.setType(Call.Type.DECLINE)
          .setDecline(
              Call.Decline.newBuilder()
                  .addOfferIds(offer.getId())
                  .setFilters(Filters.newBuilder().setRefuseSeconds(3600)))
          .build();
    }
    Offer.Operation launch =
        Offer.Operation.newBuilder()
            .setType(Offer.Operation.Type.LAUNCH)
            .setLaunch(Offer.Operation.Launch.newBuilder().addAllTaskInfos(tasks))
            .build();
    return call.setType(Call.Type.ACCEPT)
        .setAccept(
            Call.Accept.newBuilder()
                .addOfferIds(offer.getId())
                .addOperations(launch)
                .setFilters(Filters.newBuilder().setRefuseSeconds(1)))
        .build();
  }

  private static Resource scalar(String name, double value) {
    return Resource.newBuilder()
        .setName(name)
        .setType(Value.Type.SCALAR)
        .setScalar(Value.Scalar.newBuilder().setValue(value))
        .build();
  }

  private static void obey() {
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ");
        Call.Builder call = Call.newBuilder().setFrameworkId(framework);
        switch (words[0]) {
          case "kill":
            call.setType(Call.Type.KILL)
                .setKill(Call.Kill.newBuilder().setTaskId(TaskID.newBuilder().setValue(words[1])));
            break;
          case "reconcile":
            call.setType(Call.Type.RECONCILE).setReconcile(Call.Reconcile.newBuilder());
            break;
          default:
            ended = true;
            call.setType(Call.Type.TEARDOWN);
        }
        commands.onNext(send(call.build()));
      }
    } catch (java.io.IOException problem) {
      tell("\"event\":\"ERROR\",\"problem\":\"" + problem + "\"");
    }
  }

  private static Optional<SinkOperation<Call>> send(Call call) {
    return Optional.of(SinkOperations.create(call));
  }

  private static synchronized void tell(String what) {
    System.out.println("{" + what + "}");
    System.out.flush();
  }
}
