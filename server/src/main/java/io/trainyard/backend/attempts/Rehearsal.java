package io.trainyard.backend.attempts;

import io.trainyard.backend.Check;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Kueue;
import io.trainyard.backend.pods.Queueing;
import io.trainyard.backend.pods.Workload;
import io.trainyard.backend.pods.Workload.Naming;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What the cluster itself says to a job before it is accepted: the create, said as a dry run. */
final class Rehearsal {
    /** One that passed holds for all of its shape: a thousand like jobs cost one call. */
    private static final Duration HOLDS = Duration.ofMinutes(5);

    private static final int MAX_HELD = 1000;

    private final Api api;
    private final Queueing queueing;
    private final InstantSource clock;
    private final Map<String, Instant> passed = new ConcurrentHashMap<>();

    Rehearsal(Api api, Queueing queueing, InstantSource clock) {
        this.api = api;
        this.queueing = queueing;
        this.clock = clock;
    }

    Check of(JobSpec spec, Workload kind, Duration within) {
        String shape = shape(drawn(spec, kind));
        Instant now = clock.instant();
        if (passed.getOrDefault(shape, Instant.MIN).plus(HOLDS).isAfter(now)) return new Check.Passed();
        Check check = within(within, () -> asked(spec, kind));
        if (check instanceof Check.Passed) {
            if (passed.size() >= MAX_HELD) passed.clear();
            passed.put(shape, now);
        }
        return check;
    }

    private ObjectNode drawn(JobSpec spec, Workload kind) {
        Naming naming = kind.planned(spec);
        ObjectNode object = kind.draw(spec, naming).object();
        Kueue.label(object, spec, queueing);
        ((ObjectNode) object.path("metadata")).remove("name");
        ((ObjectNode) object.path("metadata")).put("generateName", naming.name() + "-");
        return object;
    }

    /** What differs between the jobs of a row is none of the cluster's business. */
    private static String shape(ObjectNode object) {
        ObjectNode copy = object.deepCopy();
        ((ObjectNode) copy.path("metadata")).remove(List.of("generateName", "labels", "annotations"));
        bare(copy);
        JsonNode queue = object.at("/metadata/labels").path(Kueue.QUEUE);
        return copy + queue.asString("");
    }

    private static void bare(JsonNode node) {
        if (node instanceof ObjectNode object) {
            if (object.has("image")) object.remove(List.of("command", "args", "env"));
            object.forEach(Rehearsal::bare);
        } else if (node instanceof ArrayNode list) list.forEach(Rehearsal::bare);
    }

    private static Check within(Duration limit, Supplier<Check> asking) {
        var answer = new AtomicReference<Check>(new Check.Unknown("the cluster did not answer in time"));
        Thread thread = Thread.ofVirtual().name("dry-run").start(() -> answer.set(asking.get()));
        try {
            boolean _ = thread.join(limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return answer.get();
    }

    private Check asked(JobSpec spec, Workload kind) {
        String namespace = kind.namespace(spec);
        Optional<Check> queue = Kueue.queue(spec).or(queueing::queue).flatMap(name -> queue(name, namespace));
        if (queue.isPresent()) return queue.get();
        String path = kind.kind().path(namespace) + "?dryRun=All&fieldValidation=Strict";
        List<String> objections = kind.examine(spec);
        if (!objections.isEmpty()) return new Check.Objected(objections);
        // Drawn only now that the kind has looked at the cluster.
        return switch (Creation.posted(api, path, kind, () -> drawn(spec, kind))) {
            case Reply.Ok _ -> new Check.Passed();
            case Reply.Refused refused when refused.passing() -> new Check.Unknown(refused.message());
            case Reply.Refused refused -> new Check.Objected(List.of(objection(refused, kind, namespace)));
            case Reply.NotSent notSent -> new Check.Unknown(notSent.why());
            case Reply.Unanswered unanswered -> new Check.Unknown(unanswered.why());
        };
    }

    private static String objection(Reply.Refused refused, Workload kind, String namespace) {
        String said = refused.message();
        if (refused.missing() && said.contains("namespaces"))
            return "placement.namespace: \"%s\" is not on the cluster; create it (trainyard k8s setup), or name another one"
                    .formatted(namespace);
        if (refused.missing())
            return "placement.backends: the cluster knows no %s; install what brings it, or place the job elsewhere"
                    .formatted(kind.kind().kind());
        if (refused.unauthorized())
            return "placement.namespace: \"%s\" is not there, or this server may not create a %s in it (%s); create it and give the right (trainyard k8s setup), or name another one"
                    .formatted(namespace, kind.kind().kind(), said);
        return "placement.backends: the cluster refuses it: " + said;
    }

    /** A queue that does not exist is taken by the cluster, and the job waits for ever. */
    private Optional<Check> queue(String name, String namespace) {
        Optional<String> version = Queues.version(api, Kueue.GROUP);
        String queues =
                "/apis/%s/%s/namespaces/%s/localqueues".formatted(Kueue.GROUP, version.orElse("v1beta1"), namespace);
        Reply reply = api.get(queues + "/" + name);
        return switch (reply) {
            case Reply.Ok ok -> inactive(ok.body(), name);
            case Reply.Refused refused
            when refused.missing() ->
                Optional.of(new Check.Objected(List.of(
                        refused.message().contains("localqueues")
                                ? "placement.queue: \"%s\" is no LocalQueue of namespace \"%s\"%s; name one of those, or none"
                                        .formatted(name, namespace, known(queues))
                                : "placement.queue: \"%s\", and Kueue is not installed on the cluster; leave it out"
                                        .formatted(name))));
            case Reply.Refused _, Reply.NotSent _, Reply.Unanswered _ -> Optional.empty();
        };
    }

    private static Optional<Check> inactive(JsonNode queue, String name) {
        for (JsonNode each : queue.at("/status/conditions"))
            if (each.path("type").asString("").equals("Active")
                    && each.path("status").asString("").equals("False"))
                return Optional.of(new Check.Objected(
                        List.of("placement.queue: \"%s\" takes no jobs now: %s; name another one, or none"
                                .formatted(name, each.path("message").asString("")))));
        return Optional.empty();
    }

    private String known(String queues) {
        if (!(api.get(queues) instanceof Reply.Ok(JsonNode list))) return "";
        var names = list.path("items")
                .valueStream()
                .map(item -> item.at("/metadata/name").asString(""))
                .toList();
        return names.isEmpty() ? ", which has none" : " (there are " + String.join(", ", names) + ")";
    }
}
