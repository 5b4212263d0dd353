package io.trainyard.backend.attempts;

import io.trainyard.backend.attempts.ClusterBackend.Ground;
import io.trainyard.backend.causes.Hold;
import io.trainyard.backend.causes.Notice;
import io.trainyard.backend.causes.Pod;
import io.trainyard.backend.causes.Turn;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reflector;
import io.trainyard.backend.cluster.Reflector.Sight;
import io.trainyard.backend.cluster.Reflector.What;
import io.trainyard.backend.pods.Kueue;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.Workload;
import io.trainyard.backend.pods.Workload.Phase;
import io.trainyard.job.JobId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What the watches of one kind in one namespace show: the objects of ours, their pods, and what is told about both. */
final class Sightings implements AutoCloseable {
    /** A server that starts beside a busy cluster would otherwise ask for each of its jobs alone. */
    private static final Duration FIRST_WITHIN = Duration.ofSeconds(10);

    private final Workload workload;
    private final Consumer<JobId> wake;
    private final Reflector<JsonNode> objects;
    private final Reflector<Pod> pods;
    private final List<Reflector<Notice>> notices;
    private final Queues queues;
    /** By the name of the object, then by uid: a later pod may have the same name. Also those that are gone. */
    private final Map<String, Map<String, Pod>> podsOf = new ConcurrentHashMap<>();

    private final Map<String, String> ownerOf = new ConcurrentHashMap<>();
    /** By what they are about, then by reason. */
    private final Map<String, Map<String, Notice>> told = new ConcurrentHashMap<>();

    Sightings(Ground ground, Workload workload, String namespace) {
        this.workload = workload;
        this.wake = ground.wake();
        Api api = ground.api();
        queues = new Queues(ground, namespace, this::wakeNamed);
        String core = "/api/v1/namespaces/" + namespace;
        objects = new Reflector<>(
                api,
                What.labelled(workload.kind().path(namespace), Names.SELECTOR),
                Sightings::trimmed,
                (before, now) -> now.or(() -> before).ifPresent(this::wakeObject));
        pods = new Reflector<>(
                api,
                What.labelled(core + "/pods", workload.podSelector()),
                pod -> Pod.of(pod, workload),
                (before, now) -> now.or(() -> before).ifPresent(this::podChanged));
        notices = List.of(
                notices(api, core + "/events", "type=Warning"),
                notices(api, core + "/events", "reason=TriggeredScaleUp"),
                notices(api, core + "/events", "reason=NotTriggerScaleUp"));
    }

    private Reflector<Notice> notices(Api api, String path, String selector) {
        return new Reflector<>(api, What.fields(path, selector), Notice::of, (before, now) -> noticed(before, now));
    }

    /** Conditions, labels and little else: the template of the pods is the most of an object. */
    static JsonNode trimmed(JsonNode object) {
        ObjectNode kept = Api.JSON.createObjectNode();
        ObjectNode metadata = object.path("metadata").isObject()
                ? (ObjectNode) object.path("metadata").deepCopy()
                : Api.JSON.createObjectNode();
        metadata.remove(List.of("managedFields", "annotations", "resourceVersion"));
        kept.set("metadata", metadata);
        kept.putObject("spec").set("suspend", object.at("/spec/suspend"));
        kept.set("status", object.path("status"));
        return kept;
    }

    private void wakeObject(JsonNode object) {
        String job = object.at("/metadata/labels").path(Names.JOB).asString("");
        if (job.startsWith(JobId.PREFIX)) wake.accept(new JobId(job));
    }

    private void wakeNamed(String object) {
        objects.get(object).ifPresent(this::wakeObject);
    }

    private void podChanged(Pod pod) {
        keep(pod);
        wakeNamed(pod.owner());
    }

    private void noticed(Optional<Notice> before, Optional<Notice> now) {
        before.ifPresent(old -> told.computeIfPresent(old.name(), (_, all) -> {
            all.remove(old.reason(), old);
            return all.isEmpty() ? null : all;
        }));
        now.ifPresent(fresh -> {
            told.computeIfAbsent(fresh.name(), _ -> new ConcurrentHashMap<>()).put(fresh.reason(), fresh);
            wakeNamed(ownerOf.getOrDefault(fresh.name(), fresh.name()));
        });
    }

    /** How far the objects in memory can be trusted. */
    Sight sight() {
        objects.awaitFirst(FIRST_WITHIN);
        return objects.sight();
    }

    Optional<JsonNode> object(String name) {
        return objects.get(name);
    }

    /** Whether an object of this version would be in memory, if it were still there. */
    boolean reached(String version) {
        return objects.reached(version);
    }

    /** Whether the pods in memory are all there are. */
    boolean seesPods() {
        pods.awaitFirst(FIRST_WITHIN);
        return pods.sight() == Sight.IN_STEP;
    }

    List<Pod> pods(String object) {
        return List.copyOf(podsOf.getOrDefault(object, Map.of()).values());
    }

    /** What a live read has shown. */
    void add(List<Pod> read) {
        read.forEach(this::keep);
    }

    private void keep(Pod pod) {
        podsOf.computeIfAbsent(pod.owner(), _ -> new ConcurrentHashMap<>()).put(pod.uid(), pod);
        ownerOf.put(pod.name(), pod.owner());
    }

    /** Whether the pod is still there as far as the watch shows. */
    boolean there(Pod pod) {
        return pods.get(pod.name()).filter(it -> it.uid().equals(pod.uid())).isPresent();
    }

    List<Notice> notices(String object) {
        var all = new ArrayList<>(told.getOrDefault(object, Map.of()).values());
        for (String name : workload.between(object))
            all.addAll(told.getOrDefault(name, Map.of()).values());
        pods(object).stream()
                .map(Pod::name)
                .distinct()
                .forEach(pod -> all.addAll(told.getOrDefault(pod, Map.of()).values()));
        return all;
    }

    /** Why the queue of the object holds it back, or that no queue does although it should; empty where it is in none. */
    Optional<Hold> queued(JsonNode object, Phase phase) {
        String queue = object.at("/metadata/labels").path(Kueue.QUEUE).asString("");
        String uid = object.at("/metadata/uid").asString("");
        if (queue.isEmpty()) return Optional.empty();
        return switch (phase) {
            case Phase.Suspended _ -> queues.hold(uid);
            case Phase.Going _ ->
                Turn.neverHeld(object) && queues.knowsNothingOf(uid)
                        ? Optional.of(Turn.ignored(queue, workload.kind().kind()))
                        : Optional.empty();
            case Phase.Succeeded _, Phase.Failed _ -> Optional.empty();
        };
    }

    /** Nobody will ask for it again. */
    void forget(String object) {
        Map<String, Pod> gone = podsOf.remove(object);
        if (gone != null) gone.values().forEach(pod -> ownerOf.remove(pod.name()));
    }

    Workload workload() {
        return workload;
    }

    @Override
    public void close() {
        objects.close();
        pods.close();
        notices.forEach(Reflector::close);
        queues.close();
    }
}
