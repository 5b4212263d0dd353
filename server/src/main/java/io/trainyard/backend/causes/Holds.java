package io.trainyard.backend.causes;

import io.trainyard.backend.causes.Pod.Condition;
import io.trainyard.backend.causes.Pod.Container;
import io.trainyard.backend.causes.Pod.State;
import io.trainyard.backend.causes.Verdict.Seen;
import io.trainyard.job.Cause;
import io.trainyard.job.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Why an attempt does not run yet, and for how long that is worth waiting for; pure. */
final class Holds {
    private static final Set<String> IMAGE = Set.of(
            "ErrImagePull",
            "ImagePullBackOff",
            "ImageInspectError",
            "RegistryUnavailable",
            "SignatureValidationFailed");
    /** No time heals these. */
    private static final Set<String> IMAGE_FOR_GOOD = Set.of("InvalidImageName", "ErrImageNeverPull");

    private static final Set<String> VOLUMES = Set.of("FailedMount", "FailedAttachVolume", "ProvisioningFailed");
    /** Of Jobs, PyTorchJobs, JobSets and TrainJobs, in that order. */
    private static final Set<String> CREATION_FAILS = Set.of(
            "FailedCreate",
            "FailedCreatePod",
            "FailedCreateService",
            "JobCreationFailed",
            "HeadlessServiceCreationFailed",
            "TrainJobResourcesCreationFailed");

    private static final Pattern ADDRESS = Pattern.compile("dial tcp \\S+");
    private static final int MAX_MESSAGE_CHARACTERS = 600;

    private final Seen seen;
    private final Waits waits;
    private final Instant now;
    private final List<Hold> found = new ArrayList<>();

    private Holds(Seen seen, Waits waits, Instant now) {
        this.seen = seen;
        this.waits = waits;
        this.now = now;
    }

    /** The gravest: one pod without its image holds up all the others. */
    static Optional<Hold> of(Seen seen, Waits waits, Instant now) {
        var holds = new Holds(seen, waits, now);
        for (Pod pod : Verdict.newest(seen.pods())) if (!pod.over()) holds.pod(pod);
        if (holds.found.isEmpty()) holds.object();
        return holds.found.stream()
                .max(Comparator.comparingInt(hold -> gravity(hold.reason().kind())));
    }

    private static int gravity(Reason.Kind kind) {
        return switch (kind) {
            case IMAGE_PULL -> 9;
            case CONFIGURATION -> 8;
            case CRASH_LOOP -> 7;
            case VOLUME -> 6;
            case NETWORK -> 5;
            case NO_SUCH_NODE -> 4;
            case NO_CAPACITY, SCALING_UP -> 3;
            case GATED, QUEUE, QUOTA -> 2;
            case TERMINATING, CONTROLLER_SILENT -> 1;
            case ADMISSION, SLOT, RETRY, STARTING, UNANSWERED, INITIALISING -> 0;
        };
    }

    private void add(Reason.Kind kind, String sentence, Instant since, Optional<Duration> limit, Cause cause) {
        found.add(new Hold(new Reason(kind, shortened(sentence)), since, limit, cause));
    }

    private void pod(Pod pod) {
        Instant since = pod.condition("PodScheduled").flatMap(Condition::at).orElse(pod.created());
        for (Container container : pod.containers())
            if (container.state() instanceof State.Waiting waiting) waiting(pod, container, waiting, since);
        if (!found.isEmpty()) return;
        Optional<Condition> unscheduled =
                pod.condition("PodScheduled").filter(it -> it.status().equals("False"));
        if (unscheduled.isPresent()) unscheduled(pod, unscheduled.get());
        else preparing(pod, since);
    }

    private void waiting(Pod pod, Container container, State.Waiting waiting, Instant since) {
        String reason = waiting.reason();
        if (IMAGE.contains(reason) || IMAGE_FOR_GOOD.contains(reason)) {
            Duration limit = IMAGE_FOR_GOOD.contains(reason) ? Duration.ZERO : waits.image();
            add(Reason.Kind.IMAGE_PULL, image(pod, container, waiting), since, Optional.of(limit), Cause.IMAGE);
        } else if (reason.equals("CreateContainerConfigError") || reason.equals("CreateContainerError"))
            add(
                    Reason.Kind.CONFIGURATION,
                    "the container cannot be made: " + said(waiting),
                    since,
                    Optional.of(waits.configuration()),
                    Cause.CONTAINER_CONFIGURATION);
        else if (reason.equals("RunContainerError"))
            add(
                    Reason.Kind.CONFIGURATION,
                    "the command cannot be started: " + said(waiting),
                    since,
                    Optional.of(waits.configuration()),
                    Cause.BAD_COMMAND);
        else if (reason.equals("CrashLoopBackOff")) crashing(container, since);
    }

    private void crashing(Container container, Instant since) {
        String last = container.last() instanceof State.Terminated before
                ? "; it last exited with code " + before.exitCode()
                : "";
        String sentence = "restarted %d times%s".formatted(container.restarts(), last);
        // How often it may is said by the operator's own back-off limit.
        add(Reason.Kind.CRASH_LOOP, sentence, since, Optional.empty(), Cause.CRASH_LOOP);
    }

    /** The useful text is in the first error, or in the event about it: "back-off" says nothing. */
    private String image(Pod pod, Container container, State.Waiting waiting) {
        String said =
                waiting.reason().equals("ImagePullBackOff") || waiting.message().isBlank()
                        ? about(pod, "Failed")
                                .map(Notice::message)
                                .filter(text -> !text.startsWith("Error:"))
                                .orElse(waiting.message())
                        : waiting.message();
        return "cannot pull image %s: %s".formatted(container.image(), said.isBlank() ? waiting.reason() : said);
    }

    private static String said(State.Waiting waiting) {
        return waiting.message().isBlank() ? waiting.reason() : waiting.message();
    }

    private void unscheduled(Pod pod, Condition why) {
        Instant since = why.at().orElse(pod.created());
        if (why.reason().equals("SchedulingGated")) {
            add(Reason.Kind.GATED, "waiting for admission: " + why.message(), since, Optional.empty(), Cause.QUOTA);
            return;
        }
        if (about(pod, "TriggeredScaleUp").isPresent()) {
            add(
                    Reason.Kind.SCALING_UP,
                    "the cluster is scaling up: " + why.message(),
                    since,
                    waits.capacity(),
                    Cause.UNSCHEDULABLE);
            return;
        }
        boolean nowhere = noneOfItsKind(why.message());
        boolean cannotGrow = about(pod, "NotTriggerScaleUp").isPresent();
        String sentence = (nowhere ? "no node of this kind exists: " : "waiting for room: ")
                + why.message()
                + (cannotGrow ? "; no group of nodes can grow to hold it" : "");
        add(
                nowhere ? Reason.Kind.NO_SUCH_NODE : Reason.Kind.NO_CAPACITY,
                sentence,
                since,
                waits.capacity(),
                Cause.UNSCHEDULABLE);
    }

    /** Some nodes are not of its kind, the others are for other pods, and none is of its kind and full. */
    private static boolean noneOfItsKind(String message) {
        return message.contains("didn't match Pod's node affinity") && !message.contains("Insufficient");
    }

    /** It has a node and no container that says anything: what is set up around it is told by events alone. */
    private void preparing(Pod pod, Instant since) {
        if (pod.running()) return;
        Optional<Notice> volume = VOLUMES.stream()
                .map(reason -> about(pod, reason))
                .flatMap(Optional::stream)
                .max(Comparator.comparing(Notice::at));
        Optional<Notice> network = about(pod, "FailedCreatePodSandBox");
        if (pod.goneBy().isPresent())
            add(
                    Reason.Kind.TERMINATING,
                    "waiting for node %s to release the pod".formatted(pod.node()),
                    since,
                    Optional.empty(),
                    Cause.NODE_LOST);
        else if (volume.isPresent())
            add(
                    Reason.Kind.VOLUME,
                    "a volume is not ready: " + volume.get().message(),
                    since,
                    Optional.of(waits.setUp()),
                    Cause.VOLUME);
        else if (network.isPresent())
            add(
                    Reason.Kind.NETWORK,
                    "the network is not set up on node %s: %s"
                            .formatted(pod.node(), network.get().message()),
                    since,
                    Optional.of(waits.setUp()),
                    Cause.NETWORK);
        else if (!pod.node().isEmpty())
            add(
                    Reason.Kind.INITIALISING,
                    "node %s prepares the pod".formatted(pod.node()),
                    since,
                    Optional.empty(),
                    Cause.NODE_REFUSED);
    }

    /** No pod says anything: the object's own events do. */
    private void object() {
        Optional<Notice> refused = seen.notices().stream()
                .filter(notice -> CREATION_FAILS.contains(notice.reason()))
                .max(Comparator.comparing(Notice::at));
        boolean tookPlace = seen.pods().size() >= seen.nodes();
        if (refused.isPresent() && !tookPlace) refused(refused.get());
        else if (!seen.touched()
                && seen.pods().isEmpty()
                && !now.isBefore(seen.created().plus(Verdict.SILENCE)))
            add(
                    Reason.Kind.CONTROLLER_SILENT,
                    "no controller of the cluster takes up the %s"
                            .formatted(seen.handle().kind()),
                    seen.created(),
                    Optional.empty(),
                    Cause.CONTROLLER_SILENT);
    }

    private void refused(Notice notice) {
        // Each try has a name of its own.
        String said = notice.message()
                .replaceFirst("^Error creating: ", "")
                .replaceAll("\"(" + Pattern.quote(seen.handle().name()) + ")-[a-z0-9-]+\"", "\"$1\"");
        boolean quota = said.contains("exceeded quota");
        add(
                quota ? Reason.Kind.QUOTA : Reason.Kind.CONFIGURATION,
                (quota ? "the namespace's quota is used up: " : "the cluster refuses what the job needs: ") + said,
                seen.created(),
                Optional.of(waits.refused()),
                quota ? Cause.QUOTA : Cause.REFUSED);
    }

    private Optional<Notice> about(Pod pod, String reason) {
        return newest(pod.name(), reason);
    }

    private Optional<Notice> newest(String name, String reason) {
        return seen.notices().stream()
                .filter(notice -> notice.name().equals(name) && notice.reason().equals(reason))
                .max(Comparator.comparing(Notice::at));
    }

    /** Ports of a connection that failed change with every try and tell nobody anything. */
    private static String shortened(String sentence) {
        String plain = ADDRESS.matcher(sentence).replaceAll("dial tcp").strip();
        return plain.substring(0, Math.min(plain.length(), MAX_MESSAGE_CHARACTERS));
    }
}
