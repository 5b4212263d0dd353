package io.trainyard.backend.causes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.causes.Pod.State;
import io.trainyard.backend.causes.Verdict.Seen;
import io.trainyard.backend.pods.Workload.Phase;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending.Failure;
import io.trainyard.job.Observation.Waiting;
import io.trainyard.job.Reason;
import io.trainyard.job.SomeJob;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every row of the table of causes from values alone; long because the table is. */
class VerdictTest {
    private static final Instant NOW = SomeJob.NOON;
    private static final Handle HANDLE = new Handle("c", "Job", "ns", "train", "uid");
    private static final Waits WAITS = new Waits(
            Duration.ofMinutes(10),
            Duration.ofMinutes(2),
            Duration.ofMinutes(15),
            Duration.ofMinutes(10),
            Duration.ofMinutes(10),
            Optional.of(Duration.ofHours(1)));

    private static Seen seen(Phase phase, List<Notice> notices, SomePod... pods) {
        List<Pod> made = Arrays.stream(pods).map(SomePod::pod).toList();
        return new Seen(
                HANDLE,
                phase,
                NOW.minusSeconds(60),
                true,
                Math.max(1, pods.length),
                made,
                notices,
                Duration.ZERO,
                Optional.empty());
    }

    private static Failure failed(SomePod... pods) {
        var phase = new Phase.Failed("BackoffLimitExceeded", "Job has reached the limit", Optional.of(NOW));
        var ended = assertInstanceOf(Ended.class, Verdict.of(seen(phase, List.of(), pods), WAITS, NOW));
        return assertInstanceOf(Failure.class, ended.ending());
    }

    private static Reason waits(Notice notice, SomePod... pods) {
        var seen = seen(new Phase.Going(), List.of(notice), pods);
        return assertInstanceOf(Waiting.class, Verdict.of(seen, WAITS, NOW)).reason();
    }

    private static final Notice NOTHING = new Notice("Pod", "other", "Noise", "", NOW);

    private static Notice told(String name, String reason, String message) {
        return new Notice("Pod", name, reason, message, NOW);
    }

    private static void expect(Failure failure, Cause cause, String... said) {
        assertEquals(cause, failure.cause(), failure.detail());
        for (String each : said) assertTrue(failure.detail().contains(each), failure.detail());
    }

    @Test
    void row_1_a_container_over_its_memory_limit_says_the_limit() {
        expect(
                failed(SomePod.POD.ended(137, "OOMKilled", "", NOW)),
                Cause.OUT_OF_MEMORY,
                "node-0 (gpu-7)",
                "limit 4Gi");
    }

    @Test
    void row_1b_a_killed_data_loader_is_likely_out_of_memory() {
        String said = "RuntimeError: DataLoader worker (pid 77) is killed by signal: Killed.";
        expect(failed(SomePod.POD.ended(1, "Error", said, NOW)), Cause.OUT_OF_MEMORY, "likely out of memory", said);
    }

    @ParameterizedTest
    @CsvSource({
        "1, EXIT_CODE, exited with code 1: bad news",
        "139, SIGNAL, killed by signal 11 (SIGSEGV): bad news",
        "134, SIGNAL, killed by signal 6 (SIGABRT)",
        "143, SIGNAL, killed by signal 15 (SIGTERM)",
        "137, SIGNAL, 'killed (SIGKILL), not for its memory limit'",
        "127, BAD_COMMAND, not found in the image",
        "126, BAD_COMMAND, cannot be executed",
        "255, EXIT_CODE, exited with code 255"
    })
    void row_2_and_3_an_exit_says_how(int code, Cause cause, String said) {
        expect(failed(SomePod.POD.ended(code, "Error", "bad news\n", NOW)), cause, said);
    }

    @Test
    void what_our_trainer_says_last_goes_before_the_exit_code() {
        String failed = "some line\n{\"event\":\"failed\",\"kind\":\"data\",\"message\":\"row 3 is no JSON\"}\n";
        expect(failed(SomePod.POD.ended(1, "Error", failed, NOW)), Cause.BAD_DATA, "node-0 (gpu-7): row 3 is no JSON");
        String interrupted = "{\"event\":\"interrupted\",\"step\":14,\"reason\":\"preempted\"}";
        expect(failed(SomePod.POD.ended(143, "Error", interrupted, NOW)), Cause.PREEMPTED, "stopped at step 14");
        String step = "{\"event\":\"step\",\"step\":14}";
        expect(failed(SomePod.POD.ended(1, "Error", step, NOW)), Cause.EXIT_CODE, "exited with code 1");
    }

    @ParameterizedTest
    @CsvSource({"StartError", "ContainerCannotRun"})
    void row_3_a_start_that_failed_is_the_command_s(String reason) {
        expect(
                failed(SomePod.POD.ended(128, reason, "exec: no such file", NOW)),
                Cause.BAD_COMMAND,
                "exec: no such file");
    }

    @ParameterizedTest
    @CsvSource({
        "Evicted, EVICTED",
        "NodeLost, NODE_LOST",
        "NodeShutdown, NODE_SHUTDOWN",
        "Terminated, NODE_SHUTDOWN",
        "UnexpectedAdmissionError, NODE_REFUSED",
        "OutOfcpu, NODE_REFUSED",
        "OutOfnvidia.com/gpu, NODE_REFUSED",
        "NodeAffinity, NODE_REFUSED",
        "DeadlineExceeded, DEADLINE"
    })
    void rows_4_and_6_to_9_a_pod_that_its_node_gave_up_says_why(String reason, Cause cause) {
        expect(failed(SomePod.POD.phase("Failed", reason, "low on disk")), cause, "node-0");
    }

    @ParameterizedTest
    @CsvSource({
        "PreemptionByScheduler, PREEMPTED",
        "DeletionByTaintManager, NODE_LOST",
        "DeletionByPodGC, NODE_LOST",
        "EvictionByEvictionAPI, EVICTED",
        "TerminationByKubelet, NODE_SHUTDOWN",
        "SomethingNew, INTERRUPTED"
    })
    void row_5_an_interruption_is_no_fault_of_the_job_whatever_the_exit(String reason, Cause cause) {
        SomePod pod =
                SomePod.POD.ended(143, "Error", "", NOW).condition("DisruptionTarget", "True", reason, "make room");
        expect(failed(pod), cause, "make room");
        assertEquals(Cause.Kind.INFRASTRUCTURE, cause.kind());
    }

    @Test
    void row_6_a_pod_whose_silent_node_was_given_up_is_lost_once_its_time_is_up() {
        SomePod gone = SomePod.POD
                .running(NOW.minusSeconds(50))
                .condition("DisruptionTarget", "True", "DeletionByTaintManager", "deleting due to NoExecute taint")
                .goneBy(NOW.minusSeconds(31));
        var ended = assertInstanceOf(Ended.class, Verdict.of(seen(new Phase.Going(), List.of(), gone), WAITS, NOW));
        expect(assertInstanceOf(Failure.class, ended.ending()), Cause.NODE_LOST, "gpu-7 stopped responding");
        assertInstanceOf(
                Observation.Active.class,
                Verdict.of(seen(new Phase.Going(), List.of(), gone.goneBy(NOW.minusSeconds(5))), WAITS, NOW));
    }

    @Test
    void row_9_the_object_s_own_deadline_goes_before_what_its_killed_pods_say() {
        var phase = new Phase.Failed("DeadlineExceeded", "Job was active longer than specified", Optional.of(NOW));
        var ended = assertInstanceOf(
                Ended.class, Verdict.of(seen(phase, List.of(), SomePod.POD.ended(143, "Error", "", NOW)), WAITS, NOW));
        expect(assertInstanceOf(Failure.class, ended.ending()), Cause.DEADLINE);
    }

    @ParameterizedTest
    @CsvSource({"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"})
    void row_10_an_image_is_waited_for_and_then_it_is_a_failure(String reason) {
        SomePod pod = SomePod.POD.waiting(reason, "not found");
        Reason now = waits(NOTHING, pod);
        assertEquals(Reason.Kind.IMAGE_PULL, now.kind());
        assertTrue(now.sentence().contains("cannot pull image repo/image:1"), now.sentence());
        var late = Verdict.of(seen(new Phase.Going(), List.of(), pod), WAITS, NOW.plus(WAITS.image()));
        expect(
                assertInstanceOf(
                        Failure.class, assertInstanceOf(Ended.class, late).ending()),
                Cause.IMAGE,
                "repo/image:1");
    }

    @Test
    void row_10_the_text_of_a_back_off_comes_from_the_event_and_a_bad_name_fails_at_once() {
        SomePod pod = SomePod.POD.waiting("ImagePullBackOff", "Back-off pulling image");
        Reason reason = waits(told("train-0", "Failed", "Failed to pull image: 401 unauthorized"), pod);
        assertTrue(reason.sentence().contains("401 unauthorized"), reason.sentence());
        var seen = seen(new Phase.Going(), List.of(), SomePod.POD.waiting("InvalidImageName", "bad reference"));
        assertInstanceOf(Ended.class, Verdict.of(seen, WAITS, NOW));
    }

    @Test
    void row_11_and_12_a_container_that_cannot_be_made_and_one_that_crashes_in_a_loop() {
        SomePod missing = SomePod.POD.waiting("CreateContainerConfigError", "secret \"x\" not found");
        assertEquals(Reason.Kind.CONFIGURATION, waits(NOTHING, missing).kind());
        var late = Verdict.of(seen(new Phase.Going(), List.of(), missing), WAITS, NOW.plusSeconds(90));
        expect(
                assertInstanceOf(
                        Failure.class, assertInstanceOf(Ended.class, late).ending()),
                Cause.CONTAINER_CONFIGURATION,
                "secret \"x\" not found");
        Reason loop = waits(NOTHING, SomePod.POD.waiting("CrashLoopBackOff", "").endedBefore(2));
        assertEquals("restarted 3 times; it last exited with code 2", loop.sentence());
    }

    @ParameterizedTest
    @CsvSource({"FailedMount, VOLUME", "FailedAttachVolume, VOLUME", "FailedCreatePodSandBox, NETWORK"})
    void rows_13_and_14_what_is_set_up_around_a_pod_is_told_by_events(String reason, Reason.Kind kind) {
        SomePod pod = SomePod.POD.condition("PodScheduled", "True", "", "").waiting("ContainerCreating", "");
        assertEquals(
                kind,
                waits(told("train-0", reason, "claim x is not bound"), pod).kind());
        assertEquals(Reason.Kind.INITIALISING, waits(NOTHING, pod).kind());
    }

    @Test
    void rows_15_to_17_why_no_node_takes_it() {
        String room = "0/12 nodes are available: 8 Insufficient nvidia.com/gpu, 4 node(s) had untolerated taint";
        SomePod pod = SomePod.POD.condition("PodScheduled", "False", "Unschedulable", room);
        assertEquals(Reason.Kind.NO_CAPACITY, waits(NOTHING, pod).kind());
        assertEquals(
                Reason.Kind.SCALING_UP,
                waits(told("train-0", "TriggeredScaleUp", ""), pod).kind());
        assertTrue(
                waits(told("train-0", "NotTriggerScaleUp", ""), pod).sentence().contains("no group of nodes"));
        String nowhere = "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. preemption: no";
        SomePod lost = SomePod.POD.condition("PodScheduled", "False", "Unschedulable", nowhere);
        assertEquals(Reason.Kind.NO_SUCH_NODE, waits(NOTHING, lost).kind());
        SomePod gated = SomePod.POD.condition("PodScheduled", "False", "SchedulingGated", "gate x");
        assertEquals(Reason.Kind.GATED, waits(NOTHING, gated).kind());
    }

    @Test
    void row_15_room_is_waited_for_for_ever_unless_a_setting_says_otherwise() {
        SomePod pod = SomePod.POD.condition("PodScheduled", "False", "Unschedulable", "0/1 nodes are available");
        var seen = seen(new Phase.Going(), List.of(), pod);
        assertInstanceOf(Waiting.class, Verdict.of(seen, Waits.DEFAULT, NOW.plus(Duration.ofDays(30))));
        var late = assertInstanceOf(Ended.class, Verdict.of(seen, WAITS, NOW.plus(Duration.ofHours(1))));
        expect(assertInstanceOf(Failure.class, late.ending()), Cause.UNSCHEDULABLE);
    }

    @Test
    void row_18_what_a_queue_says_is_the_reason_of_what_it_holds_back() {
        var why = new Reason(Reason.Kind.QUEUE, "position 4 in team-a");
        var seen = new Seen(
                HANDLE,
                new Phase.Suspended("held"),
                NOW,
                true,
                1,
                List.of(),
                List.of(),
                Duration.ZERO,
                Optional.of(new Hold(why, NOW, Optional.empty(), Cause.QUOTA)));
        assertEquals(
                why,
                assertInstanceOf(Waiting.class, Verdict.of(seen, WAITS, NOW)).reason());
        var unknown = seen(new Phase.Suspended("the Job is suspended"), List.of());
        assertEquals(
                Reason.Kind.GATED,
                assertInstanceOf(Waiting.class, Verdict.of(unknown, WAITS, NOW))
                        .reason()
                        .kind());
    }

    @Test
    void row_19_pods_that_nobody_may_make_say_why_alike_at_every_try() {
        Reason first = waits(
                told("train", "FailedCreate", "Error creating: pods \"train-x1y2z\" is forbidden: exceeded quota: q"));
        Reason second = waits(
                told("train", "FailedCreate", "Error creating: pods \"train-abcde\" is forbidden: exceeded quota: q"));
        assertEquals(Reason.Kind.QUOTA, first.kind());
        assertEquals(first, second);
        Reason account = waits(told("train", "FailedCreate", "error looking up service account ns/nobody"));
        assertEquals(Reason.Kind.CONFIGURATION, account.kind());
    }

    @Test
    void row_21_an_object_that_no_controller_touches_says_so() {
        var untouched = new Seen(
                HANDLE,
                new Phase.Going(),
                NOW.minusSeconds(121),
                false,
                1,
                List.of(),
                List.of(),
                Duration.ZERO,
                Optional.empty());
        var waiting = assertInstanceOf(Waiting.class, Verdict.of(untouched, WAITS, NOW));
        assertEquals(Reason.Kind.CONTROLLER_SILENT, waiting.reason().kind());
    }

    @Test
    void row_22_a_pod_that_its_node_does_not_let_go_says_so() {
        SomePod pod = SomePod.POD.condition("PodScheduled", "True", "", "").goneBy(NOW);
        assertEquals(Reason.Kind.TERMINATING, waits(NOTHING, pod).kind());
    }

    @Test
    void of_several_ranks_the_one_that_failed_first_is_to_blame() {
        SomePod late = SomePod.POD.ended(1, "Error", "connection reset", NOW);
        SomePod early = SomePod.POD.rank(3).ended(7, "Error", "cuda error", NOW.minusSeconds(2));
        expect(failed(late, early), Cause.EXIT_CODE, "node-3", "code 7", "cuda error");
    }

    @Test
    void within_a_second_the_one_that_nobody_told_to_go_is_to_blame() {
        SomePod told = SomePod.POD.ended(143, "Error", "", NOW).goneBy(NOW);
        expect(failed(told, SomePod.POD.rank(1).ended(4, "Error", "", NOW.plusMillis(900))), Cause.EXIT_CODE, "node-1");
    }

    @Test
    void a_pod_that_somebody_deleted_is_no_fault_of_the_job() {
        expect(failed(SomePod.POD.ended(143, "Error", "", NOW).goneBy(NOW)), Cause.INTERRUPTED, "deleted");
    }

    @Test
    void without_any_pod_the_object_s_own_words_are_told() {
        expect(failed(), Cause.EXIT_CODE, "Job has reached the limit");
    }

    @Test
    void it_runs_when_all_its_nodes_do_and_since_the_last_of_them() {
        SomePod first = SomePod.POD.running(NOW.minusSeconds(40));
        SomePod second = SomePod.POD.rank(1).running(NOW.minusSeconds(10));
        var active = assertInstanceOf(
                Observation.Active.class, Verdict.of(seen(new Phase.Going(), List.of(), first, second), WAITS, NOW));
        assertEquals(NOW.minusSeconds(10), active.since());
        assertEquals(Duration.ofSeconds(10), active.elapsed());
        assertInstanceOf(
                Waiting.class, Verdict.of(seen(new Phase.Going(), List.of(), first, SomePod.POD.rank(1)), WAITS, NOW));
    }

    @Test
    void a_pod_that_came_after_another_of_its_rank_is_the_one_that_counts() {
        SomePod before = SomePod.POD.ended(1, "Error", "", NOW);
        SomePod after = new SomePod(
                0,
                "Pending",
                "",
                "",
                NOW,
                Optional.empty(),
                List.of(),
                new State.Waiting("ErrImagePull", "x"),
                new State.Unknown());
        var seen = new Seen(
                HANDLE,
                new Phase.Going(),
                NOW,
                true,
                1,
                List.of(before.pod(), after.pod()),
                List.of(),
                Duration.ZERO,
                Optional.empty());
        assertEquals(
                Reason.Kind.IMAGE_PULL,
                assertInstanceOf(Waiting.class, Verdict.of(seen, WAITS, NOW))
                        .reason()
                        .kind());
    }

    @Test
    void a_long_message_is_cut_in_its_middle() {
        String detail = failed(SomePod.POD.ended(1, "Error", "x".repeat(5000) + " the end", NOW))
                .detail();
        assertTrue(detail.length() <= Failures.MAX_DETAIL_CHARACTERS, detail);
        assertTrue(detail.startsWith("node-0") && detail.endsWith("the end"), detail);
    }
}
