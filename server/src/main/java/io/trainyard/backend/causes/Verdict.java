package io.trainyard.backend.causes;

import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Workload.Phase;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.Observation.Waiting;
import io.trainyard.job.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What an object, its pods and the events about them mean; pure. */
public final class Verdict {
    /** An object that no controller has touched for so long is not going to be touched. */
    static final Duration SILENCE = Duration.ofMinutes(2);

    private Verdict() {}

    /**
     * @param nodes how many pods there have to be
     * @param pods as last seen, those that are gone by now included
     * @param before how long it had run when it was suspended and resumed
     * @param queued what its queue says of it, when it knows
     */
    public record Seen(
            Handle handle,
            Phase phase,
            Instant created,
            boolean touched,
            int nodes,
            List<Pod> pods,
            List<Notice> notices,
            Duration before,
            Optional<Hold> queued) {
        public Seen {
            pods = List.copyOf(pods);
            notices = List.copyOf(notices);
        }

        Seen with(List<Pod> others) {
            return new Seen(handle, phase, created, touched, nodes, others, notices, before, queued);
        }
    }

    public static Observation of(Seen seen, Waits waits, Instant now) {
        return switch (seen.phase()) {
            case Phase.Succeeded succeeded -> new Ended(new Ending.Success(), ran(seen, succeeded.at(), now));
            case Phase.Failed failed -> new Ended(Failures.of(seen, failed), ran(seen, failed.at(), now));
            case Phase.Suspended held -> suspended(seen, held, now);
            case Phase.Going _ -> going(seen, waits, now);
        };
    }

    private static Observation suspended(Seen seen, Phase.Suspended held, Instant now) {
        Optional<Hold> queued = seen.queued();
        if (queued.isPresent() && queued.get().hopeless(now))
            return new Ended(queued.get().failure(), ran(seen, Optional.empty(), now));
        return new Waiting(
                seen.handle(), queued.map(Hold::reason).orElseGet(() -> new Reason(Reason.Kind.GATED, held.why())));
    }

    private static Observation going(Seen seen, Waits waits, Instant now) {
        Optional<Ending.Failure> lost = Failures.lostNode(seen.pods(), now);
        if (lost.isPresent()) return new Ended(lost.get(), ran(seen, Optional.empty(), now));
        Optional<Instant> began = allBegan(seen);
        if (began.isPresent())
            return new Active(seen.handle(), began.get(), seen.before().plus(Times.between(began.get(), now)));
        Optional<Hold> hold = Holds.of(seen, waits, now);
        if (hold.isPresent() && hold.get().hopeless(now))
            return new Ended(hold.get().failure(), ran(seen, Optional.empty(), now));
        Optional<Reason> held = hold.map(Hold::reason)
                .filter(it ->
                        it.kind() != Reason.Kind.INITIALISING || seen.queued().isEmpty());
        return new Waiting(
                seen.handle(), held.or(() -> seen.queued().map(Hold::reason)).orElse(Reason.STARTING));
    }

    /** Since when all nodes have been at work; those that are through already count. */
    static Optional<Instant> allBegan(Seen seen) {
        var began = newest(seen.pods()).stream()
                .filter(pod -> pod.running() || pod.over() || pod.goneBy().isPresent())
                .map(Pod::began)
                .flatMap(Optional::stream)
                .toList();
        return began.size() < seen.nodes() ? Optional.empty() : began.stream().max(Comparator.naturalOrder());
    }

    /** One pod a rank: where one came after another, the later. */
    static List<Pod> newest(List<Pod> pods) {
        return pods.stream()
                .filter(pod -> pods.stream()
                        .noneMatch(other ->
                                other.rank() == pod.rank() && other.created().isAfter(pod.created())))
                .toList();
    }

    /** How long pods that are over have run, one after the other. */
    public static Duration worked(List<Pod> pods) {
        return pods.stream()
                .collect(Collectors.groupingBy(
                        Pod::rank, Collectors.reducing(Duration.ZERO, Verdict::ran, Duration::plus)))
                .values()
                .stream()
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
    }

    private static Duration ran(Pod pod) {
        Optional<Instant> end = pod.finished().or(pod::goneBy);
        return pod.began()
                .flatMap(began -> end.map(it -> Times.between(began, it)))
                .orElse(Duration.ZERO);
    }

    private static Duration ran(Seen seen, Optional<Instant> ended, Instant now) {
        Optional<Instant> from =
                seen.pods().stream().map(Pod::began).flatMap(Optional::stream).min(Comparator.naturalOrder());
        if (from.isEmpty()) return seen.before();
        Optional<Instant> to = seen.pods().stream()
                .map(Pod::finished)
                .flatMap(Optional::stream)
                .max(Comparator.naturalOrder());
        return seen.before().plus(Times.between(from.get(), to.or(() -> ended).orElse(now)));
    }
}
