import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import mesosphere.dcos.client.DCOS;
import mesosphere.dcos.client.DCOSClient;
import mesosphere.dcos.client.model.DCOSAuthCredentials;
import mesosphere.marathon.client.Marathon;
import mesosphere.marathon.client.MarathonClient;
import mesosphere.marathon.client.MarathonException;
import mesosphere.marathon.client.model.v2.App;
import mesosphere.marathon.client.model.v2.Group;
import mesosphere.marathon.client.model.v2.HealthCheck;
import mesosphere.marathon.client.model.v2.PortDefinition;
import mesosphere.marathon.client.model.v2.QueueElement;
import mesosphere.marathon.client.model.v2.Result;
import mesosphere.marathon.client.model.v2.Task;
import mesosphere.marathon.client.model.v2.UpgradeStrategy;
import mesosphere.marathon.client.model.v2.VersionedApp;

/**
 * The Java library marathon-client, unmodified, against the Marathon API at the first address, and against the door at the
 * second as the user of the rest. It tells each step as a line.
 */
public class Drive {
  static final String WEB = "java/web";

  public static void main(String[] args) throws Exception {
    drive(MarathonClient.getInstance(args[0]));
    byDoor(DCOSClient.getInstance(args[1], DCOSAuthCredentials.forUserAccount(args[2], args[3])));
  }

  static void drive(Marathon client) throws Exception {
    demand("marathon".equals(client.getServerInfo().getName()), "info %s", client.getServerInfo());
    told("info");

    App app = plain("/java/web");
    app.setInstances(2);
    app.addLabel("owner", "java");
    app.setEnv(Map.of("WORD", "kept"));
    app.addConstraint("hostname", "LIKE", ".*");
    PortDefinition port = new PortDefinition();
    port.setPort(0);
    port.setName("http");
    app.setPortDefinitions(List.of(port));
    HealthCheck check = new HealthCheck();
    check.setProtocol("HTTP");
    check.setPath("/");
    check.setPortIndex(0);
    check.setIntervalSeconds(1);
    check.setGracePeriodSeconds(60);
    app.setCmd("exec python3 -m http.server $PORT0");
    app.setHealthChecks(List.of(check));
    UpgradeStrategy strategy = new UpgradeStrategy();
    strategy.setMinimumHealthCapacity(0.5);
    strategy.setMaximumOverCapacity(0.5);
    app.setUpgradeStrategy(strategy);
    VersionedApp made = client.createApp(app);
    demand(made.getId().equals("/java/web") && made.getDeployments().size() == 1, "made %s", made);
    finished(client, made.getDeployments().get(0).getId());
    until("health of both", () -> client.getApp(WEB).getApp().getTasksHealthy() == 2);
    for (Task task : client.getAppTasks(WEB).getTasks())
      demand(task.getPorts().size() == 1 && task.getState().equals("TASK_RUNNING"), "task %s", task);
    told("created and healthy");

    VersionedApp before = client.getApp(WEB).getApp();
    App change = new App();
    change.setInstances(3);
    finished(client, client.updateApp(WEB, change, false));
    demand(ids(client).size() == 3, "tasks %s", ids(client));
    change = new App();
    change.setMem(12.0);
    finished(client, client.updateApp(WEB, change, false));
    VersionedApp now = client.getApp(WEB).getApp();
    demand(now.getMem() == 12 && now.getInstances() == 3 && "kept".equals(now.getEnv().get("WORD")), "app %s", now);
    demand(client.getAppVersions(WEB).getVersions().size() == 3, "versions %s", client.getAppVersions(WEB));
    demand(client.getAppVersion(WEB, before.getVersion()).getMem() == 8, "older %s", before.getVersion());
    told("scaled and upgraded");

    String victim = ids(client).get(0);
    demand(client.deleteAppTask(WEB, victim, "false").getTask().getId().equals(victim), "killed %s", victim);
    until("another in its place", () -> ids(client).size() == 3 && !ids(client).contains(victim));
    List<String> all = ids(client);
    demand(client.deleteAppTasks(WEB, "*", "false").getTasks().size() == 3, "killed %s", all);
    until("others in their place", () -> ids(client).size() == 3 && ids(client).stream().noneMatch(all::contains));
    told("killed");

    finished(client, client.restartApp(WEB, false));
    List<VersionedApp> found = client.getApps(Map.of("label", "owner==java")).getApps();
    demand(found.size() == 1 && found.get(0).getId().equals("/java/web"), "found %s", found);
    demand(client.getTasks().getTasks().stream().filter((task) -> task.getAppId().equals("/java/web")).count() == 3, "tasks");
    told("restarted and found by label");

    Group group = new Group("/java/group");
    App second = plain("two");
    second.addDependency("one");
    group.setApps(Arrays.asList(plain("one"), second));
    finished(client, client.createGroup(group));
    demand(client.getGroup("java/group").getApps().size() == 2, "group %s", client.getGroup("java/group"));
    group.setApps(List.of(plain("one")));
    finished(client, client.updateGroup("java/group", true, group));
    demand(client.getGroup("java/group").getApps().size() == 1, "group %s", client.getGroup("java/group"));
    finished(client, client.deleteGroup("java/group", true));
    told("group");

    App huge = plain("/java/huge");
    huge.setCpus(1000.0);
    String waiting = client.createApp(huge).getDeployments().get(0).getId();
    until("it waits in the queue", () -> {
      for (QueueElement element : client.getQueue().getQueue())
        if (element.getApp() != null && element.getApp().getId().equals("/java/huge")) return element.getCount() == 1;
      return false;
    });
    finished(client, client.cancelDeploymentAndRollback(waiting));
    demandMissing(client, "java/huge");
    told("queue and rollback");

    finished(client, client.deleteApp(WEB));
    demandMissing(client, WEB);
    told("deleted");
  }

  static void byDoor(DCOS client) throws Exception {
    demand(client.getPing().contains("pong"), "ping %s", client.getPing());
    finished(client, client.createApp(plain("/java/door")).getDeployments().get(0).getId());
    demand(client.maybeApp("java/door").isPresent() && !client.maybeApp("java/none").isPresent(), "what is there");
    finished(client, client.deleteApp("java/door", true));
    told("through the door");
  }

  static App plain(String id) {
    App app = new App();
    app.setId(id);
    app.setCmd("exec sleep 100000");
    app.setCpus(0.01);
    app.setMem(8.0);
    app.setInstances(1);
    return app;
  }

  static List<String> ids(Marathon client) throws MarathonException {
    return client.getAppTasks(WEB).getTasks().stream()
        .filter((task) -> "TASK_RUNNING".equals(task.getState()))
        .map(Task::getId)
        .collect(Collectors.toList());
  }

  static void finished(Marathon client, Result result) throws Exception {
    finished(client, result.getDeploymentId());
  }

  static void finished(Marathon client, String deployment) throws Exception {
    until("the end of " + deployment, () -> client.getDeployments().stream().noneMatch((each) -> each.getId().equals(deployment)));
  }

  static void demandMissing(Marathon client, String id) throws Exception {
    try {
      client.getApp(id);
    } catch (MarathonException refusal) {
      demand(refusal.getStatus() == 404, "refusal %s", refusal);
      return;
    }
    demand(false, "%s is still there", id);
  }

  static void until(String what, Callable<Boolean> look) throws Exception {
    long deadline = System.currentTimeMillis() + 60_000;
    while (!look.call()) {
      demand(System.currentTimeMillis() < deadline, "waited in vain for: %s", what);
      Thread.sleep(50);
    }
  }

  static void demand(boolean holds, String text, Object... values) {
    if (!holds) throw new IllegalStateException(String.format(text, values));
  }

  static void told(String step) {
    System.out.println(step);
  }
}
