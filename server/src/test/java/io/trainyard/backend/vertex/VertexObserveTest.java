package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.Launched;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Active;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** What is seen of an attempt, and what is not taken for an answer. */
class VertexObserveTest {
    @TempDir
    Path folder;

    private VertexWorld world;
    private VertexBackend backend;
    private final Attempt attempt = VertexWorld.attempt();
    private ObjectNode job;
    private Optional<Handle> handle = Optional.empty();

    @BeforeEach
    void open() {
        world = new VertexWorld(folder);
        backend = world.settled();
        handle = Optional.of(assertInstanceOf(Launched.Accepted.class, backend.launch(VertexWorld.launch(attempt)))
                .handle());
        job = world.service.only();
    }

    @AfterEach
    void close() {
        if (world != null) world.close();
    }

    private Observation seen() {
        return backend.observe(attempt, handle);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 502, 503, 504, 403, 401, 408})
    void whatever_is_no_answer_is_unreachable_and_never_missing(int status) {
        var refusal = new Fault.Refuse(status, "SOMETHING", "not now");
        // With a fresh token it is tried once more.
        Fault[] refusals = status == 401 ? new Fault[] {refusal, refusal} : new Fault[] {refusal};
        world.service.next("get", refusals);
        assertInstanceOf(Observation.Unreachable.class, seen());
        world.service.next("list", refusals);
        assertInstanceOf(Observation.Unreachable.class, backend.observe(attempt, Optional.empty()));
        assertInstanceOf(Observation.Waiting.class, seen());
    }

    @Test
    void a_broken_connection_is_unreachable_too() {
        // A read is repeated once by the client itself.
        world.service.next("get", new Fault.LoseRequest(), new Fault.LoseRequest(), new Fault.LoseRequest());
        Observation first = seen();
        assertInstanceOf(Observation.Unreachable.class, first);
        world.service.close();
        assertInstanceOf(Observation.Unreachable.class, seen());
    }

    @Test
    void a_404_of_its_name_and_an_empty_list_are_missing() {
        world.service.vanish(job);
        assertInstanceOf(Observation.Missing.class, seen());
        assertInstanceOf(Observation.Missing.class, backend.observe(attempt, Optional.empty()));
    }

    @Test
    void an_end_is_told_when_its_last_lines_can_be_read() {
        world.service.state(job, "JOB_STATE_RUNNING");
        world.pass(Duration.ofSeconds(100));
        world.service.state(job, "JOB_STATE_SUCCEEDED");
        world.pass(Duration.ofSeconds(5));
        assertEquals(
                Duration.ofSeconds(100), assertInstanceOf(Active.class, seen()).elapsed());
        world.pass(VertexWorld.SETTLE);
        var ended = assertInstanceOf(Ended.class, seen());
        assertInstanceOf(Ending.Success.class, ended.ending());
        assertEquals(Duration.ofSeconds(100), ended.ran());
    }

    @Test
    void what_failed_before_it_ran_has_no_last_lines_to_wait_for() {
        world.service.fail(job, 8, "Resources are insufficient in region: us-central1. Please try a different region");
        var failure = assertInstanceOf(
                Ending.Failure.class, assertInstanceOf(Ended.class, seen()).ending());
        assertEquals(Cause.NODE_REFUSED, failure.cause());
    }

    @Test
    void a_program_that_failed_is_told_with_its_last_lines() {
        world.service.state(job, "JOB_STATE_RUNNING");
        for (int i = 1; i <= 9; i++) {
            world.pass(Duration.ofSeconds(1));
            world.service.print(job, "line " + i);
        }
        world.service.fail(job, 3, "The replica workerpool0-0 exited with a non-zero status of 2.");
        world.pass(VertexWorld.SETTLE.plusSeconds(1));
        var failure = assertInstanceOf(
                Ending.Failure.class, assertInstanceOf(Ended.class, seen()).ending());
        assertEquals(Cause.EXIT_CODE, failure.cause());
        assertEquals(
                "The replica workerpool0-0 exited with a non-zero status of 2.\nline 5\nline 6\nline 7\nline 8\nline 9",
                failure.detail());
    }

    @Test
    void one_list_serves_all_and_wakes_those_that_changed() {
        var second = VertexWorld.attempt();
        backend.launch(VertexWorld.launch(second));
        world.service.pagesOf(1);
        seen();
        backend.observe(second, Optional.empty());
        backend.watch().look();
        world.woken.clear();
        long gets = world.service.count("get");
        for (int i = 0; i < 9; i++) assertInstanceOf(Observation.Waiting.class, seen());
        assertEquals(gets, world.service.count("get"));
        backend.watch().look();
        assertEquals(List.of(), List.copyOf(world.woken));
        world.service.state(job, "JOB_STATE_RUNNING");
        backend.watch().look();
        assertEquals(List.of(attempt.job()), List.copyOf(world.woken));
        assertInstanceOf(Active.class, seen());
        world.woken.clear();
        world.service.state(job, "JOB_STATE_FAILED");
        backend.watch().look();
        assertEquals(List.of(attempt.job()), List.copyOf(world.woken));
    }

    @Test
    void a_list_that_is_too_old_is_not_believed() {
        seen();
        backend.watch().look();
        world.service.state(job, "JOB_STATE_RUNNING");
        assertInstanceOf(Observation.Waiting.class, seen());
        world.pass(VertexWorld.POLL.multipliedBy(2));
        assertInstanceOf(Active.class, seen());
    }

    @Test
    void a_job_in_another_region_is_asked_for_there_whatever_the_settings_say_now() {
        var elsewhere = new VertexSettings(
                folder,
                new VertexSettings.Project(Optional.of("other"), "europe-west4", Optional.empty(), Optional.empty()),
                world.settings(true).defaults(),
                world.settings(true).access(),
                false);
        assertInstanceOf(Observation.Waiting.class, world.backend(elsewhere).observe(attempt, handle));
    }

    @Test
    void stopping_what_has_ended_or_is_gone_is_fine() {
        world.service.state(job, "JOB_STATE_SUCCEEDED");
        backend.stop(attempt, handle, Duration.ZERO);
        world.service.vanish(job);
        backend.stop(attempt, handle, Duration.ZERO);
        world.service.next("cancel", new Fault.Refuse(503, "UNAVAILABLE", "later"));
        assertThrows(Unreachable.class, () -> backend.stop(attempt, handle, Duration.ZERO));
    }

    @Test
    void a_cancelled_one_passes_through_cancelling() {
        world.service.state(job, "JOB_STATE_RUNNING");
        backend.stop(attempt, handle, Duration.ZERO);
        assertInstanceOf(Active.class, seen());
        world.service.state(job, "JOB_STATE_CANCELLED");
        world.pass(VertexWorld.SETTLE);
        var failure = assertInstanceOf(
                Ending.Failure.class, assertInstanceOf(Ended.class, seen()).ending());
        assertEquals(Cause.SIGNAL, failure.cause());
    }

    @Test
    void finished_ones_are_deleted_only_where_the_operator_says_so() {
        world.service.state(job, "JOB_STATE_SUCCEEDED");
        backend.logs(attempt, handle).release();
        assertEquals(1, world.service.jobs().size());
        var access = world.settings(true).access();
        var tidy = new VertexSettings(
                folder,
                world.settings(true).project(),
                world.settings(true).defaults(),
                new VertexSettings.Access(
                        access.endpoint(),
                        access.loggingEndpoint(),
                        access.credentials(),
                        access.poll(),
                        access.logsSettle(),
                        true),
                true);
        world.backend(tidy).logs(attempt, handle).release();
        assertEquals(0, world.service.jobs().size());
        assertTrue(world.service.count("delete") == 1);
    }
}
