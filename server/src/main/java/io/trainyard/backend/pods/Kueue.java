package io.trainyard.backend.pods;

import io.trainyard.backend.cluster.Times;
import io.trainyard.job.Reason;
import io.trainyard.spec.JobSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The words of Kueue, which holds jobs back until their queue has room; pure. It alone touches {@code suspend}. */
public final class Kueue {
    public static final String QUEUE = "kueue.x-k8s.io/queue-name";
    static final String PRIORITY = "kueue.x-k8s.io/priority-class";
    static final String GROUP = "kueue.x-k8s.io";
    static final String VISIBILITY = "visibility.kueue.x-k8s.io";
    /** A workload carries the uid of what it stands for. */
    static final String JOB_UID = "kueue.x-k8s.io/job-uid";
    /** Between letting it go and its start lies a moment, and not a minute. */
    private static final Duration STARTS_WITHIN = Duration.ofMinutes(1);

    private Kueue() {}

    /** The queue that the job names, in its placement or as Kueue itself has it named. */
    static Optional<String> queue(JobSpec spec) {
        return spec.placement()
                .queue()
                .or(() -> Optional.ofNullable(spec.labels().get(QUEUE)));
    }

    /** Puts an object into its queue: the job's, or the operator's for all that name none. */
    static void label(ObjectNode object, JobSpec spec, PodsSettings.Queueing otherwise) {
        Optional<String> queue = queue(spec).or(otherwise::queue);
        if (queue.isEmpty()) return;
        ObjectNode labels = object.withObject("/metadata/labels");
        labels.put(QUEUE, queue.get());
        if (!labels.has(PRIORITY)) otherwise.priorityClass().ifPresent(priority -> labels.put(PRIORITY, priority));
    }

    /** Whoever is in a queue begins suspended, and its status says so ever after. */
    static boolean neverHeld(JsonNode object) {
        JsonNode status = object.path("status");
        return !status.isEmpty()
                && status.path("conditions")
                        .valueStream()
                        .noneMatch(each -> each.path("type").asString("").equals("Suspended"));
    }

    static Reason ignored(String queue, String kind) {
        return new Reason(
                Reason.Kind.CONTROLLER_SILENT,
                "it is not in queue %s: Kueue takes no %s of this namespace, and it starts without waiting for its turn"
                        .formatted(queue, kind));
    }

    /** What is kept of a workload. */
    record Workload(
            String jobUid,
            String owner,
            String queue,
            boolean active,
            Optional<Instant> admitted,
            String word,
            String message) {
        static Workload of(JsonNode workload) {
            JsonNode status = workload.path("status");
            Optional<JsonNode> evicted = condition(status, "Evicted", "True");
            Optional<JsonNode> admitted = condition(status, "Admitted", "True");
            Optional<JsonNode> reserved = condition(status, "QuotaReserved", "True");
            String word;
            String message;
            if (admitted.isPresent()) {
                word = "admitted";
                message = "";
            } else if (reserved.isPresent()) {
                word = "checks";
                message = checks(status);
            } else {
                Optional<JsonNode> pending = condition(status, "QuotaReserved", "False");
                word = evicted.isPresent() ? "evicted" : "pending";
                message = evicted.or(() -> pending)
                        .map(each -> each.path("message").asString(""))
                        .orElse("");
            }
            return new Workload(
                    workload.at("/metadata/labels").path(JOB_UID).asString(""),
                    workload.at("/metadata/ownerReferences/0/name").asString(""),
                    workload.at("/spec/queueName").asString(""),
                    workload.at("/spec/active").asBoolean(true),
                    admitted.flatMap(each -> Times.of(each.path("lastTransitionTime"))),
                    word,
                    message);
        }

        private static Optional<JsonNode> condition(JsonNode status, String type, String value) {
            return status.path("conditions")
                    .valueStream()
                    .filter(each -> each.path("type").asString("").equals(type)
                            && each.path("status").asString("").equals(value))
                    .findFirst();
        }

        private static String checks(JsonNode status) {
            var text = new StringBuilder();
            for (JsonNode check : status.path("admissionChecks")) {
                if (check.path("state").asString("").equals("Ready")) continue;
                if (!text.isEmpty()) text.append("; ");
                text.append(check.path("name").asString("")).append(": ");
                text.append(check.path("message").asString(check.path("state").asString("")));
            }
            return text.toString();
        }
    }

    /** @param position in the queue, from 1 */
    static Reason reason(Workload workload, Optional<Integer> position, Instant now) {
        String queue = workload.queue();
        if (!workload.active())
            return new Reason(Reason.Kind.QUEUE, "held back in queue %s: its workload is deactivated".formatted(queue));
        return switch (workload.word()) {
            case "admitted" -> {
                boolean stuck = workload.admitted()
                        .filter(at -> now.isAfter(at.plus(STARTS_WITHIN)))
                        .isPresent();
                yield stuck
                        ? new Reason(
                                Reason.Kind.CONTROLLER_SILENT,
                                "Kueue admitted the job and could not start it; check that the versions of Kueue and of the operator fit")
                        : new Reason(Reason.Kind.QUEUE, "admitted by queue " + queue);
            }
            case "checks" ->
                new Reason(
                        Reason.Kind.QUEUE,
                        "queue %s has room, waiting for its checks: %s".formatted(queue, workload.message()));
            case "evicted" ->
                new Reason(Reason.Kind.QUEUE, "put back into queue %s: %s".formatted(queue, workload.message()));
            default -> {
                String place =
                        position.map(it -> "position " + it + " in queue ").orElse("waiting in queue ");
                String why = workload.message().isEmpty() ? "" : ": " + workload.message();
                yield new Reason(Reason.Kind.QUEUE, place + queue + why);
            }
        };
    }
}
