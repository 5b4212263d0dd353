package io.trainyard.backend.attempts;

import io.trainyard.backend.attempts.ClusterBackend.Ground;
import io.trainyard.backend.causes.Hold;
import io.trainyard.backend.causes.Turn;
import io.trainyard.backend.causes.Turn.Standing;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reflector;
import io.trainyard.backend.cluster.Reflector.What;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Kueue;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Why Kueue holds objects of one namespace back: its workloads, watched, and positions, one list for a whole queue. */
final class Queues implements AutoCloseable {
    private static final Duration POSITION_HOLDS = Duration.ofSeconds(10);
    private static final Duration FIRST_WITHIN = Duration.ofSeconds(5);

    private final Ground ground;
    private final Api api;
    private final String namespace;
    private final Consumer<String> changed;
    private final Map<String, Turn.Workload> byJob = new ConcurrentHashMap<>();
    private final Map<String, Positions> positions = new ConcurrentHashMap<>();
    private final Set<String> strangers = ConcurrentHashMap.newKeySet();
    private @Nullable Reflector<Turn.Workload> workloads;

    private record Positions(Instant at, Map<String, Integer> byJob) {}

    /** @param changed takes the name of an object whose workload has changed */
    Queues(Ground ground, String namespace, Consumer<String> changed) {
        this.ground = ground;
        this.api = ground.api();
        this.namespace = namespace;
        this.changed = changed;
    }

    /** Empty when Kueue knows nothing of it. */
    Optional<Hold> hold(String uid) {
        watch().awaitFirst(FIRST_WITHIN);
        Turn.Workload workload = byJob.get(uid);
        if (workload == null) return Optional.empty();
        Optional<Integer> position =
                workload.standing() instanceof Standing.Pending ? position(workload.queue(), uid) : Optional.empty();
        return Optional.of(Turn.hold(
                workload, position, ground.settings().waits(), ground.clock().instant()));
    }

    /** From a live read: what the watch has not shown yet is no evidence. */
    boolean knowsNothingOf(String uid) {
        if (strangers.contains(uid)) return true;
        watch().awaitFirst(FIRST_WITHIN);
        if (byJob.containsKey(uid)) return false;
        Reply reply = api.get(path() + "?labelSelector=" + Kueue.JOB_UID.replace("/", "%2F") + "%3D" + uid);
        boolean unknown = switch (reply) {
            case Reply.Ok(JsonNode list) -> list.path("items").isEmpty();
            case Reply.Refused refused -> refused.missing();
            case Reply.NotSent _, Reply.Unanswered _ -> false;
        };
        if (unknown) strangers.add(uid);
        return unknown;
    }

    private String path() {
        String version = version(api, Kueue.GROUP).orElse("v1beta1");
        return "/apis/%s/%s/namespaces/%s/workloads".formatted(Kueue.GROUP, version, namespace);
    }

    /** Only who has queues watches them: most clusters do not know the kind. */
    private synchronized Reflector<Turn.Workload> watch() {
        if (workloads == null) {
            workloads = new Reflector<>(
                    api, What.labelled(path(), Kueue.JOB_UID), Turn.Workload::of, (before, now) -> seen(before, now));
        }
        return workloads;
    }

    private void seen(Optional<Turn.Workload> before, Optional<Turn.Workload> now) {
        if (now.isPresent()) byJob.put(now.get().jobUid(), now.get());
        else before.ifPresent(gone -> byJob.remove(gone.jobUid()));
        now.or(() -> before).ifPresent(workload -> changed.accept(workload.owner()));
    }

    /** The version that the cluster prefers; empty when it knows nothing of the group, or does not say. */
    static Optional<String> version(Api api, String group) {
        return api.get("/apis/" + group) instanceof Reply.Ok(JsonNode found)
                ? Optional.of(found.at("/preferredVersion/version").asString("v1beta1"))
                : Optional.empty();
    }

    private Optional<Integer> position(String queue, String uid) {
        Instant now = ground.clock().instant();
        Positions known = positions.get(queue);
        if (known == null || !now.isBefore(known.at().plus(POSITION_HOLDS))) {
            known = new Positions(now, pending(queue));
            positions.put(queue, known);
        }
        return Optional.ofNullable(known.byJob().get(uid));
    }

    /** Whoever may not look knows no positions, and that is all it costs. */
    private Map<String, Integer> pending(String queue) {
        var places = new HashMap<String, Integer>();
        Optional<String> version = version(api, Kueue.VISIBILITY);
        if (version.isEmpty()) return places;
        Reply reply = api.get("/apis/%s/%s/namespaces/%s/localqueues/%s/pendingworkloads"
                .formatted(Kueue.VISIBILITY, version.get(), namespace, queue));
        if (!(reply instanceof Reply.Ok(JsonNode list))) return places;
        for (JsonNode item : list.path("items"))
            for (JsonNode owner : item.at("/metadata/ownerReferences"))
                places.put(
                        owner.path("uid").asString(""),
                        item.path("positionInLocalQueue").asInt(0) + 1);
        return places;
    }

    @Override
    public synchronized void close() {
        if (workloads != null) workloads.close();
    }
}
