package io.trainyard.backend.attempts;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.attempts.ClusterBackend.Ground;
import io.trainyard.backend.causes.Pod;
import io.trainyard.backend.causes.Verdict;
import io.trainyard.backend.cluster.PodLog.Fate;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.Workload;
import io.trainyard.backend.pods.Workload.Phase;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Reason;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** One attempt that may have something on the cluster. */
final class Live implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Live.class.getName());
    /** A pod that its node does not let go for so long after its time has no one left to let it go. */
    private static final Duration NEVER_RELEASED = Duration.ofMinutes(5);

    private final Ground ground;
    private final Attempt attempt;
    private final Place place;
    private final Folder folder;
    private final Sightings sightings;
    private @Nullable Output output;
    private @Nullable Created created;
    private boolean removed;

    /** Where its object is, or will be. */
    record Place(Workload kind, String namespace, String name) {
        String path() {
            return kind.kind().path(namespace) + "/" + name;
        }
    }

    /** What the answer to its creation showed, for as long as the watch has not come that far. */
    private record Created(JsonNode object, String version) {}

    Live(Ground ground, Attempt attempt, Place place, Folder folder, Sightings sightings) {
        this.ground = ground;
        this.attempt = attempt;
        this.place = place;
        this.folder = folder;
        this.sightings = sightings;
    }

    synchronized void created(JsonNode object) {
        created = new Created(
                Sightings.trimmed(object),
                object.at("/metadata/resourceVersion").asString(""));
    }

    private Instant now() {
        return ground.clock().instant();
    }

    synchronized Output output() {
        if (output == null)
            output = new Output(
                    ground.api(),
                    folder,
                    new Output.Where(place.namespace(), place.kind().container()),
                    () -> sightings.pods(place.name()),
                    this::fate,
                    new Output.Timing(ground.clock(), ground.settings().logsSettle()));
        return output;
    }

    private Fate fate(Pod pod) {
        if (!sightings.there(pod)) return Fate.GONE;
        return pod.over() || pod.finished().isPresent() ? Fate.OVER : Fate.PRINTS;
    }

    Observation observe(Optional<Handle> handle) {
        Optional<JsonNode> object = switch (sightings.sight()) {
            case LOST -> throw new Unreachable("the API server of the cluster is silent");
            case STARTING -> throw new Unreachable("the cluster has not been looked at yet");
            case IN_STEP -> handle.flatMap(this::watched).or(() -> read(handle));
            case FORBIDDEN -> read(handle);
        };
        return object.map(this::seen).orElseGet(() -> gone(handle));
    }

    private synchronized Optional<JsonNode> watched(Handle handle) {
        // Asked before looking: what arrives in between is found.
        if (created != null && sightings.reached(created.version())) created = null;
        Optional<JsonNode> object = sightings
                .object(place.name())
                .filter(it -> uid(it).equals(handle.uid()))
                // The watch has not heard yet that it was removed.
                .filter(it -> !removed || it.path("metadata").has("deletionTimestamp"));
        if (object.isPresent() || removed) return object;
        return Optional.ofNullable(created).map(Created::object).filter(it -> uid(it).equals(handle.uid()));
    }

    /** A live read; one of the same name that is not ours counts as not there. */
    private Optional<JsonNode> read(Optional<Handle> handle) {
        return switch (ground.api().get(place.path())) {
            case Reply.Ok(JsonNode object) ->
                Creation.ours(object, attempt)
                                && handle.filter(it -> !uid(object).equals(it.uid()))
                                        .isEmpty()
                        ? Optional.of(Sightings.trimmed(object))
                        : Optional.empty();
            case Reply.Refused refused when refused.missing() -> Optional.empty();
            case Reply.Refused refused -> throw refused.unreachable();
            case Reply.NotSent notSent -> throw notSent.unreachable();
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        };
    }

    private static String uid(JsonNode object) {
        return object.at("/metadata/uid").asString("");
    }

    private Observation seen(JsonNode object) {
        // Waits for the first list: a look before it would show an object without its pods.
        boolean seesPods = sightings.seesPods();
        var seen = look(object);
        Observation observed = Verdict.of(seen, ground.settings().waits(), now());
        // One that is gone may be of before a suspension, and the last one not have been seen yet.
        boolean podsMatter = observed instanceof Ended
                && seen.pods().stream()
                                .filter(pod -> pod.over() && sightings.there(pod))
                                .count()
                        < seen.nodes();
        if (podsMatter || !seesPods) {
            sightings.add(readPods());
            observed = Verdict.of(look(object), ground.settings().waits(), now());
        }
        if (observed instanceof Ended) output().ended(now());
        if (observed instanceof Active) output().follow();
        return observed;
    }

    private Verdict.Seen look(JsonNode object) {
        Handle handle = Creation.handle(ground.api(), place.kind().kind(), object);
        Phase phase = place.kind().phase(object);
        String nodes = object.at("/metadata/labels").path(Names.NODES).asString("1");
        Instant resumed = resumed(object);
        List<Pod> pods = sightings.pods(place.name());
        List<Pod> earlier =
                pods.stream().filter(pod -> pod.created().isBefore(resumed)).toList();
        return new Verdict.Seen(
                handle,
                phase,
                Times.of(object.at("/metadata/creationTimestamp")).orElse(Instant.EPOCH),
                !object.path("status").isEmpty(),
                Integer.parseInt(nodes),
                pods.stream().filter(pod -> !earlier.contains(pod)).toList(),
                sightings.notices(place.name()),
                Verdict.worked(earlier),
                sightings.queued(object, phase));
    }

    /** All kinds tell it alike: what was before has nothing to do with how it is now. */
    private static Instant resumed(JsonNode object) {
        return object.at("/status/conditions")
                .valueStream()
                .filter(each -> each.path("type").asString("").equals("Suspended")
                        && each.path("status").asString("").equals("False"))
                .findFirst()
                .flatMap(each -> Times.of(each.path("lastTransitionTime")))
                .orElse(Instant.EPOCH);
    }

    /** A live read of its pods, for when it matters that none is missing. */
    private List<Pod> readPods() {
        String selector = place.kind().podSelector() + "," + place.kind().ownerLabel() + "=" + place.name();
        Reply reply = ground.api()
                .get("/api/v1/namespaces/" + place.namespace() + "/pods?labelSelector="
                        + URLEncoder.encode(selector, StandardCharsets.UTF_8));
        var pods = new ArrayList<Pod>();
        // Whoever may not look at pods still learns of the end of a job, though not why.
        if (reply instanceof Reply.Refused refused && !refused.passing()) return pods;
        for (JsonNode pod : reply.body().path("items")) pods.add(Pod.of(pod, place.kind()));
        return pods;
    }

    /** Its object is not there; what it had started may still be about to end. */
    private Observation gone(Optional<Handle> handle) {
        List<Pod> left = readPods().stream()
                .filter(pod -> !pod.over() && !neverReleased(pod))
                .toList();
        Optional<Folder.Stopped> stopped = folder.stopped();
        if (!left.isEmpty()) {
            Handle where = handle.orElseGet(
                    () -> new Handle("", place.kind().kind().kind(), place.namespace(), place.name(), ""));
            Optional<Instant> began =
                    left.stream().map(Pod::began).flatMap(Optional::stream).min(Comparator.naturalOrder());
            if (began.isPresent()) return new Active(where, began.get(), Times.between(began.get(), now()));
            return new Observation.Waiting(where, new Reason(Reason.Kind.TERMINATING, "its pods are being removed"));
        }
        output().ended(now());
        if (stopped.isPresent()) {
            Duration ran = stopped.get()
                    .began()
                    .map(it -> Times.between(it, stopped.get().at()))
                    .orElse(Duration.ZERO);
            return new Ended(new Ending.Failure(Cause.SIGNAL, "stopped"), ran);
        }
        if (handle.isEmpty()) return new Observation.Missing();
        String detail = "%s %s was deleted from the cluster by somebody else"
                .formatted(place.kind().kind().kind(), place.name());
        return new Ended(new Ending.Failure(Cause.VANISHED, detail), Duration.ZERO);
    }

    private boolean neverReleased(Pod pod) {
        return pod.goneBy().filter(by -> now().isAfter(by.plus(NEVER_RELEASED))).isPresent();
    }

    /** The grace is written in the pods since they were drawn. */
    void stop(Optional<Handle> handle) {
        if (folder.stopped().isEmpty()) {
            Optional<Instant> began = sightings.pods(place.name()).stream()
                    .map(Pod::began)
                    .flatMap(Optional::stream)
                    .min(Comparator.naturalOrder());
            folder.stop(new Folder.Stopped(began, now()));
        }
        // Its last lines come while it ends: whoever reads them has to be there before.
        output().follow();
        String uid = handle.map(Handle::uid).orElse("");
        if (handle.isEmpty()) {
            Optional<JsonNode> there = read(handle);
            if (there.isEmpty()) return;
            uid = uid(there.get());
        }
        remove(uid);
    }

    /** With the object go its pods, Secret and companions. */
    private synchronized void remove(String uid) {
        switch (ground.api().delete(place.path(), uid)) {
            case Reply.Ok _ -> removed = true;
            // Gone, or another one by now.
            case Reply.Refused refused when refused.missing() || refused.status() == 409 -> {}
            case Reply.Refused refused -> throw refused.unreachable();
            case Reply.NotSent notSent -> throw notSent.unreachable();
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        }
    }

    /**
     * All was harvested.
     *
     * @return whether nothing of it is left to be removed
     */
    boolean release(Optional<Handle> handle) {
        close();
        sightings.forget(place.name());
        boolean alone = folder.companions().isEmpty();
        if (folder.stopped().isPresent()) return alone;
        try {
            if (ground.settings().keepFinished() && over(handle)) return alone;
            Optional<String> uid = handle.map(Handle::uid).or(() -> read(handle).map(Live::uid));
            uid.ifPresent(this::remove);
            return alone;
        } catch (Unreachable stays) {
            LOG.log(System.Logger.Level.DEBUG, "{0} is removed later: {1}", place.name(), stays.getMessage());
            return false;
        }
    }

    /** One that we gave up while it waited, or whose node is lost, would go on for ever, or start after all. */
    private boolean over(Optional<Handle> handle) {
        return sightings
                .object(place.name())
                .filter(it ->
                        handle.filter(known -> known.uid().equals(uid(it))).isPresent())
                .or(() -> read(handle))
                .map(it -> place.kind().phase(it).over())
                .orElse(true);
    }

    @Override
    public synchronized void close() {
        if (output != null) output.close();
    }
}
