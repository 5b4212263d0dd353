package io.trainyard.backend.causes;

import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Kueue;
import io.trainyard.job.Cause;
import io.trainyard.job.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** How an object stands in its queue, by the words of Kueue; pure. */
public final class Turn {
    /** Between letting it go and its start lies a moment, and not a minute. */
    private static final Duration STARTS_WITHIN = Duration.ofMinutes(1);
    /** With this begins Kueue's word for an eviction, where not somebody but Kueue has deactivated the workload. */
    private static final String BY_KUEUE = "DeactivatedDueTo";

    private Turn() {}

    /** Whoever is in a queue begins suspended, and its status says so ever after. */
    public static boolean neverHeld(JsonNode object) {
        JsonNode status = object.path("status");
        return !status.isEmpty()
                && status.path("conditions")
                        .valueStream()
                        .noneMatch(each -> each.path("type").asString("").equals("Suspended"));
    }

    public static Hold ignored(String queue, String kind) {
        return waits(
                Reason.Kind.CONTROLLER_SILENT,
                "it is not in queue %s: Kueue takes no %s of this namespace, and it starts without waiting for its turn"
                        .formatted(queue, kind));
    }

    /**
     * What is kept of a workload.
     *
     * @param active whether Kueue may admit it; nobody but an administrator makes it so again
     */
    public record Workload(String jobUid, String owner, String name, String queue, boolean active, Standing standing) {
        public static Workload of(JsonNode workload) {
            return new Workload(
                    workload.at("/metadata/labels").path(Kueue.JOB_UID).asString(""),
                    workload.at("/metadata/ownerReferences/0/name").asString(""),
                    workload.at("/metadata/name").asString(""),
                    workload.at("/spec/queueName").asString(""),
                    workload.at("/spec/active").asBoolean(true),
                    Standing.of(workload.path("status")));
        }
    }

    /** How far a workload has come. */
    public sealed interface Standing {
        record Pending(String message) implements Standing {}

        /** It has its quota, and something else has to agree. */
        record Checked(String checks) implements Standing {}

        record Admitted(Optional<Instant> since) implements Standing {}

        /** @param word Kueue's, such as {@code Preempted} */
        record Evicted(String word, String message, Optional<Instant> since) implements Standing {}

        /** Kueue has nothing more to do with it, whatever the object itself says. */
        record Finished(String message, Optional<Instant> since) implements Standing {}

        static Standing of(JsonNode status) {
            Optional<JsonNode> finished = condition(status, "Finished", "True");
            if (finished.isPresent()) return new Finished(message(finished.get()), since(finished.get()));
            Optional<JsonNode> admitted = condition(status, "Admitted", "True");
            if (admitted.isPresent()) return new Admitted(since(admitted.get()));
            if (condition(status, "QuotaReserved", "True").isPresent()) return new Checked(checks(status));
            Optional<JsonNode> evicted = condition(status, "Evicted", "True");
            if (evicted.isPresent())
                return new Evicted(
                        evicted.get().path("reason").asString(""), message(evicted.get()), since(evicted.get()));
            return new Pending(condition(status, "QuotaReserved", "False")
                    .map(Standing::message)
                    .orElse(""));
        }

        private static String message(JsonNode condition) {
            return condition.path("message").asString("");
        }

        private static Optional<Instant> since(JsonNode condition) {
            return Times.of(condition.path("lastTransitionTime"));
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

    private static Hold waits(Reason.Kind kind, String sentence) {
        return new Hold(new Reason(kind, sentence), Instant.EPOCH, Optional.empty(), Cause.QUOTA);
    }

    private static Hold queued(String sentence) {
        return waits(Reason.Kind.QUEUE, sentence);
    }

    /** @param position in the queue, from 1 */
    public static Hold hold(Workload workload, Optional<Integer> position, Waits waits, Instant now) {
        String queue = workload.queue();
        if (!workload.active()) return deactivated(workload, waits);
        return switch (workload.standing()) {
            case Standing.Admitted admitted -> admitted(queue, admitted, now);
            case Standing.Checked checked ->
                queued("queue %s has room, waiting for its checks: %s".formatted(queue, checked.checks()));
            case Standing.Evicted evicted -> queued("put back into queue %s: %s".formatted(queue, evicted.message()));
            case Standing.Finished finished ->
                new Hold(
                        new Reason(
                                Reason.Kind.QUEUE,
                                "queue %s is through with it and has not started it: %s"
                                        .formatted(queue, finished.message())),
                        finished.since().orElse(now),
                        Optional.of(waits.refused()),
                        Cause.REFUSED);
            case Standing.Pending pending -> {
                String place =
                        position.map(it -> "position " + it + " in queue ").orElse("waiting in queue ");
                yield queued(place + queue + (pending.message().isEmpty() ? "" : ": " + pending.message()));
            }
        };
    }

    private static Hold admitted(String queue, Standing.Admitted admitted, Instant now) {
        boolean stuck = admitted.since()
                .filter(at -> now.isAfter(at.plus(STARTS_WITHIN)))
                .isPresent();
        return stuck
                ? waits(
                        Reason.Kind.CONTROLLER_SILENT,
                        "Kueue admitted the job and could not start it; check that the versions of Kueue and of the operator fit")
                : queued("admitted by queue " + queue);
    }

    /** Whom a person holds back that person lets go; what Kueue has given up is not tried again by itself. */
    private static Hold deactivated(Workload workload, Waits waits) {
        if (!(workload.standing() instanceof Standing.Evicted evicted)
                || !evicted.word().startsWith(BY_KUEUE))
            return queued(
                    "held back in queue %s: somebody has deactivated workload %s; it goes on when its spec.active is true"
                            .formatted(workload.queue(), workload.name()));
        String sentence = "given up by queue %s: %s; an administrator may set spec.active of workload %s to true"
                .formatted(workload.queue(), evicted.message(), workload.name());
        boolean timeIsUp = evicted.word().contains("MaximumExecutionTime");
        return new Hold(
                new Reason(Reason.Kind.QUEUE, sentence),
                evicted.since().orElse(Instant.EPOCH),
                Optional.of(timeIsUp ? Duration.ZERO : waits.deactivated()),
                timeIsUp
                        ? Cause.DEADLINE
                        : evicted.word().contains("RequeuingLimit") ? Cause.UNSCHEDULABLE : Cause.REFUSED);
    }
}
