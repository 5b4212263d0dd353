package io.trainyard.backend.causes;

import io.trainyard.backend.causes.Pod.Condition;
import io.trainyard.backend.causes.Pod.Container;
import io.trainyard.backend.causes.Pod.State;
import io.trainyard.backend.causes.Verdict.Seen;
import io.trainyard.backend.pods.Workload.Phase;
import io.trainyard.backend.trainer.LastEvent;
import io.trainyard.job.Cause;
import io.trainyard.job.Observation.Ending.Failure;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Why an attempt failed, from what its pods left; pure. When one rank dies the others are killed or die of it, so the one
 * that ended first is to blame.
 */
final class Failures {
    static final int MAX_DETAIL_CHARACTERS = 1024;
    private static final int SIGNALS = 128;
    private static final int KILLED = 137;
    private static final int MAX_SIGNAL = 64;
    /** A pod outlives the time its node was given only when the node does not answer. */
    private static final Duration LOST_AFTER = Duration.ofSeconds(30);

    private static final Set<String> NODE_REFUSES =
            Set.of("UnexpectedAdmissionError", "NodeAffinity", "NodeSelectorMismatching", "TopologyAffinityError");

    private Failures() {}

    /**
     * Clusters count whole seconds: of two in the same one, that which nobody asked to go went first.
     *
     * @param at when it happened, as far as is known
     * @param asked whether it was told to go
     */
    private record Found(Instant at, boolean asked, Failure failure) {
        private static final Comparator<Found> FIRST = Comparator.<Found, Instant>comparing(
                        found -> found.at().truncatedTo(ChronoUnit.SECONDS))
                .thenComparing(Found::asked);
    }

    static Failure of(Seen seen, Phase.Failed failed) {
        Failure said = said(failed);
        if (said.cause() == Cause.DEADLINE) return said;
        return seen.pods().stream()
                .map(pod -> of(pod, seen.nodes()))
                .flatMap(Optional::stream)
                .min(Found.FIRST)
                .map(Found::failure)
                .or(() -> taken(seen))
                .orElse(said);
    }

    /** Of one that was deleted and went too fast to be seen ended, only that remains. */
    private static Optional<Failure> taken(Seen seen) {
        return seen.pods().stream()
                .filter(pod -> pod.goneBy().isPresent())
                .findFirst()
                .flatMap(pod -> failure(
                        Cause.INTERRUPTED,
                        "node-%d (%s) was deleted from the cluster while it ran".formatted(pod.rank(), pod.node())));
    }

    /** What the object itself says when no pod is left to ask. */
    private static Failure said(Phase.Failed failed) {
        if (failed.reason().equals("DeadlineExceeded"))
            return new Failure(Cause.DEADLINE, "stopped by the cluster at its time limit");
        String message = failed.message().isBlank() ? failed.reason() : failed.message();
        return new Failure(Cause.EXIT_CODE, cut("failed on the cluster: " + message));
    }

    private static Optional<Found> of(Pod pod, int nodes) {
        String who = nodes > 1 ? "node-" + pod.rank() : "node-0";
        String where = pod.node().isEmpty() ? "" : " (" + pod.node() + ")";
        Optional<Condition> disrupted =
                pod.condition("DisruptionTarget").filter(it -> it.status().equals("True"));
        Instant at = pod.finished()
                .or(() -> disrupted.flatMap(Condition::at))
                .or(() -> pod.condition("Ready").flatMap(Condition::at))
                .orElse(pod.created());
        if (disrupted.isPresent())
            return Optional.of(
                    new Found(disrupted.get().at().orElse(at), false, disruption(disrupted.get(), pod, who + where)));
        if (!pod.phase().equals("Failed")) return pod.over() ? Optional.empty() : ofContainers(pod, at, who + where);
        Optional<Found> byPod = byReason(pod, who, where).map(failure -> new Found(at, false, failure));
        return byPod.or(() -> ofContainers(pod, at, who + where));
    }

    private static Optional<Failure> byReason(Pod pod, String who, String where) {
        String reason = pod.reason();
        String said = pod.message().isBlank() ? reason : pod.message();
        if (reason.equals("Evicted")) return failure(Cause.EVICTED, "%s was evicted%s: %s".formatted(who, where, said));
        if (reason.equals("DeadlineExceeded"))
            return failure(Cause.DEADLINE, "%s was stopped by the cluster at its time limit".formatted(who));
        if (reason.equals("NodeLost"))
            return failure(Cause.NODE_LOST, "%s is lost with its node%s: %s".formatted(who, where, said));
        if (reason.equals("NodeShutdown") || reason.equals("Terminated") || reason.equals("Shutdown"))
            return failure(Cause.NODE_SHUTDOWN, "%s ended because its node was shut down%s".formatted(who, where));
        if (NODE_REFUSES.contains(reason) || reason.startsWith("OutOf"))
            return failure(Cause.NODE_REFUSED, "the node%s refused %s: %s: %s".formatted(where, who, reason, said));
        return Optional.empty();
    }

    private static Failure disruption(Condition why, Pod pod, String who) {
        String said = why.message().isBlank() ? why.reason() : why.message();
        return switch (why.reason()) {
            case "PreemptionByScheduler" ->
                fail(Cause.PREEMPTED, "%s was preempted by a pod of higher priority: %s".formatted(who, said));
            case "DeletionByTaintManager" ->
                fail(Cause.NODE_LOST, "the node of %s stopped responding: %s".formatted(who, said));
            case "DeletionByPodGC" -> fail(Cause.NODE_LOST, "the node of %s is gone: %s".formatted(who, said));
            case "EvictionByEvictionAPI" ->
                fail(Cause.EVICTED, "%s was interrupted, its node is being drained: %s".formatted(who, said));
            case "TerminationByKubelet" ->
                pod.reason().equals("Evicted")
                        ? fail(Cause.EVICTED, "%s was evicted: %s".formatted(who, pod.message()))
                        : fail(Cause.NODE_SHUTDOWN, "%s was ended by its node: %s".formatted(who, said));
            default -> fail(Cause.INTERRUPTED, "%s was interrupted: %s".formatted(who, said)); // reasons are open
        };
    }

    private static Optional<Found> ofContainers(Pod pod, Instant at, String who) {
        for (Container container : pod.containers()) {
            State.Terminated ended = switch (container.state()) {
                case State.Terminated now -> now;
                case State.Running _, State.Waiting _, State.Unknown _ -> null;
            };
            if (ended == null || ended.exitCode() == 0) continue;
            String whose = container.main() ? who : who + ", container " + container.name() + ",";
            return Optional.of(new Found(
                    ended.finished().orElse(at), pod.goneBy().isPresent(), exit(pod, container, ended, whose)));
        }
        return Optional.empty();
    }

    private static Failure exit(Pod pod, Container container, State.Terminated ended, String who) {
        int code = ended.exitCode();
        String limit = container.memory().isEmpty() ? "" : ", limit " + container.memory();
        if (ended.reason().equals("OOMKilled"))
            return fail(
                    Cause.OUT_OF_MEMORY,
                    "%s ran out of memory (OOMKilled%s); lower the batch size or ask for more memory"
                            .formatted(who, limit));
        Optional<Failure> said = LastEvent.failure(ended.message());
        if (said.isPresent())
            return fail(said.get().cause(), who + ": " + said.get().detail());
        if (killedWorker(ended.message()))
            return fail(
                    Cause.OUT_OF_MEMORY,
                    "%s: likely out of memory, a worker process was killed%s".formatted(who, tail(ended)));
        if (startError(ended))
            return fail(
                    Cause.BAD_COMMAND,
                    "%s: the command is not found in the image or cannot be executed (exit code %d)%s"
                            .formatted(who, code, tail(ended)));
        // Whoever deleted it, it was not the program's own doing.
        if (pod.goneBy().isPresent() && (code == SIGNALS + 15 || code == KILLED))
            return fail(Cause.INTERRUPTED, "%s was deleted from the cluster while it ran".formatted(who));
        if (code == KILLED)
            return fail(
                    Cause.SIGNAL, "%s was killed (SIGKILL), not for its memory limit%s".formatted(who, tail(ended)));
        if (code > SIGNALS && code <= SIGNALS + MAX_SIGNAL)
            return fail(
                    Cause.SIGNAL,
                    "%s was killed by signal %d%s%s".formatted(who, code - SIGNALS, named(code), tail(ended)));
        return fail(Cause.EXIT_CODE, "%s exited with code %d%s".formatted(who, code, tail(ended)));
    }

    private static boolean startError(State.Terminated ended) {
        return switch (ended.reason()) {
            case "StartError", "ContainerCannotRun", "RunContainerError" -> true;
            default -> ended.exitCode() >= 126 && ended.exitCode() <= SIGNALS;
        };
    }

    private static boolean killedWorker(String message) {
        String text = message.toLowerCase(Locale.ROOT);
        return text.contains("killed") && (text.contains("dataloader worker") || text.contains("out of memory"));
    }

    private static String named(int code) {
        return switch (code - SIGNALS) {
            case 6 -> " (SIGABRT)";
            case 7 -> " (SIGBUS)";
            case 9 -> " (SIGKILL)";
            case 11 -> " (SIGSEGV)";
            case 15 -> " (SIGTERM)";
            default -> "";
        };
    }

    private static String tail(State.Terminated ended) {
        String message = ended.message().strip();
        return message.isEmpty() ? "" : ": " + message;
    }

    /** A node that is silent holds its pods for ever: the cluster has given them up, and so do we. */
    static Optional<Failure> lostNode(List<Pod> pods, Instant now) {
        for (Pod pod : pods) {
            if (pod.over() || pod.goneBy().isEmpty()) continue;
            if (now.isBefore(pod.goneBy().get().plus(LOST_AFTER))) continue;
            Optional<Condition> why =
                    pod.condition("DisruptionTarget").filter(it -> it.reason().equals("DeletionByTaintManager"));
            if (why.isPresent())
                return failure(
                        Cause.NODE_LOST,
                        "node-%s is lost: node %s stopped responding"
                                .formatted(String.valueOf(pod.rank()), pod.node()));
        }
        return Optional.empty();
    }

    private static Optional<Failure> failure(Cause cause, String detail) {
        return Optional.of(fail(cause, detail));
    }

    private static Failure fail(Cause cause, String detail) {
        return new Failure(cause, cut(detail));
    }

    /** The end of a traceback says more than its beginning; the sentence before it says most. */
    static String cut(String text) {
        if (text.length() <= MAX_DETAIL_CHARACTERS) return text;
        int head = MAX_DETAIL_CHARACTERS / 4;
        return text.substring(0, head) + " … " + text.substring(text.length() - (MAX_DETAIL_CHARACTERS - head - 3));
    }
}
