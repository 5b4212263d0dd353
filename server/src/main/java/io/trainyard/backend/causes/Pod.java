package io.trainyard.backend.causes;

import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Workload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What is kept of a pod.
 *
 * @param owner the name of the object it belongs to
 * @param rank which node of the job it is
 * @param goneBy when whoever deleted it wants it gone; absent while nobody did
 * @param containers in the order in which they run, those that prepare first
 */
public record Pod(
        String name,
        String uid,
        String owner,
        int rank,
        String phase,
        String reason,
        String message,
        String node,
        Instant created,
        Optional<Instant> goneBy,
        List<Condition> conditions,
        List<Container> containers) {

    /** @param status {@code True}, {@code False} or {@code Unknown} */
    public record Condition(String type, String status, String reason, String message, Optional<Instant> at) {}

    /** @param main whether its exit is the job's */
    public record Container(
            String name,
            boolean main,
            boolean prepares,
            String image,
            String memory,
            int restarts,
            State state,
            State last) {}

    public sealed interface State {
        record Unknown() implements State {}

        record Waiting(String reason, String message) implements State {}

        record Running(Optional<Instant> since) implements State {}

        record Terminated(
                int exitCode, String reason, String message, Optional<Instant> started, Optional<Instant> finished)
                implements State {}
    }

    public static Pod of(JsonNode pod, Workload workload) {
        var labels = new HashMap<String, String>();
        pod.at("/metadata/labels")
                .properties()
                .forEach(each -> labels.put(each.getKey(), each.getValue().asString("")));
        JsonNode metadata = pod.path("metadata");
        JsonNode status = pod.path("status");
        return new Pod(
                metadata.path("name").asString(""),
                metadata.path("uid").asString(""),
                labels.getOrDefault(workload.ownerLabel(), ""),
                workload.rank(labels),
                status.path("phase").asString(""),
                status.path("reason").asString(""),
                status.path("message").asString(""),
                pod.at("/spec/nodeName").asString(""),
                Times.of(metadata.path("creationTimestamp")).orElse(Instant.EPOCH),
                Times.of(metadata.path("deletionTimestamp")),
                conditions(status.path("conditions")),
                containers(pod, workload.container()));
    }

    private static List<Condition> conditions(JsonNode list) {
        var conditions = new ArrayList<Condition>();
        for (JsonNode each : list)
            conditions.add(new Condition(
                    each.path("type").asString(""),
                    each.path("status").asString(""),
                    each.path("reason").asString(""),
                    each.path("message").asString(""),
                    Times.of(each.path("lastTransitionTime"))));
        return List.copyOf(conditions);
    }

    private static List<Container> containers(JsonNode pod, String main) {
        Map<String, JsonNode> asked = new HashMap<>();
        for (JsonNode each : pod.at("/spec/containers"))
            asked.put(each.path("name").asString(""), each);
        var containers = new ArrayList<Container>();
        for (JsonNode each : pod.at("/status/initContainerStatuses"))
            containers.add(container(each, asked, main, true));
        for (JsonNode each : pod.at("/status/containerStatuses")) containers.add(container(each, asked, main, false));
        return List.copyOf(containers);
    }

    private static Container container(JsonNode status, Map<String, JsonNode> asked, String main, boolean prepares) {
        String name = status.path("name").asString("");
        JsonNode spec = asked.get(name);
        return new Container(
                name,
                !prepares && name.equals(main),
                prepares,
                status.path("image").asString(""),
                spec == null ? "" : spec.at("/resources/limits/memory").asString(""),
                status.path("restartCount").asInt(0),
                state(status.path("state")),
                state(status.path("lastState")));
    }

    private static State state(JsonNode state) {
        JsonNode waiting = state.path("waiting");
        if (waiting.isObject())
            return new State.Waiting(
                    waiting.path("reason").asString(""), waiting.path("message").asString(""));
        JsonNode running = state.path("running");
        if (running.isObject()) return new State.Running(Times.of(running.path("startedAt")));
        JsonNode ended = state.path("terminated");
        if (ended.isObject())
            return new State.Terminated(
                    ended.path("exitCode").asInt(0),
                    ended.path("reason").asString(""),
                    ended.path("message").asString(""),
                    Times.of(ended.path("startedAt")),
                    Times.of(ended.path("finishedAt")));
        return new State.Unknown();
    }

    public Optional<Container> main() {
        return containers.stream().filter(Container::main).findFirst();
    }

    public Optional<Condition> condition(String type) {
        return conditions.stream().filter(each -> each.type().equals(type)).findFirst();
    }

    public boolean over() {
        return phase.equals("Succeeded") || phase.equals("Failed");
    }

    /** When the job's own program began; absent while it has not. */
    public Optional<Instant> began() {
        return main().flatMap(container -> switch (container.state()) {
            case State.Running running -> running.since();
            case State.Terminated ended -> ended.started();
            case State.Waiting _, State.Unknown _ ->
                container.last() instanceof State.Terminated before ? before.started() : Optional.empty();
        });
    }

    public Optional<Instant> finished() {
        return main().flatMap(container ->
                container.state() instanceof State.Terminated ended ? ended.finished() : Optional.empty());
    }

    public boolean running() {
        return phase.equals("Running")
                && main().filter(container -> container.state() instanceof State.Running)
                        .isPresent();
    }
}
