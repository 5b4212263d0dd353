package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.Check;
import io.trainyard.backend.Launched;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Observation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Creating once, whatever happens to the answers. */
class VertexLaunchTest {
    @TempDir
    Path folder;

    private VertexWorld world;
    private VertexBackend backend;
    private final Attempt attempt = VertexWorld.attempt();

    @BeforeEach
    void open() {
        world = new VertexWorld(folder);
        backend = world.settled();
    }

    @AfterEach
    void close() {
        if (world != null) world.close();
    }

    private Launched launch() {
        return backend.launch(VertexWorld.launch(attempt));
    }

    private Launched.Accepted accepted() {
        return assertInstanceOf(Launched.Accepted.class, launch());
    }

    private Cause refused() {
        return assertInstanceOf(Launched.Refused.class, launch()).why().cause();
    }

    @Test
    void the_handle_is_the_whole_resource_name_and_its_number() {
        var handle = accepted().handle();
        assertEquals(world.service.only().path("name").asString(), handle.name());
        assertTrue(handle.name().startsWith("projects/123456789/locations/us-central1/customJobs/"));
        assertTrue(handle.name().endsWith("/" + handle.uid()) && handle.uid().matches("[0-9]+"), handle.uid());
        assertEquals("CustomJob", handle.kind());
        var labels = world.service.only().path("labels");
        assertEquals(attempt.job().value(), labels.path(Labels.JOB).asString());
        assertEquals(attempt.job() + "-1", labels.path(Labels.ATTEMPT).asString());
    }

    @Test
    void a_lost_answer_is_looked_up_by_the_label() {
        world.service.next("create", new Fault.LoseAnswer());
        assertEquals(accepted().handle(), VertexWorld.handle(world.service.only()));
        assertEquals(1, world.service.count("create"));
    }

    @Test
    void a_503_after_it_was_done_is_looked_up_by_the_label() {
        world.service.next("create", new Fault.DoAndRefuse(503, "UNAVAILABLE"));
        accepted();
        assertEquals(1, world.service.jobs().size());
    }

    @Test
    void a_409_is_looked_up_by_the_label() {
        world.service.next("create", new Fault.DoAndRefuse(409, "ALREADY_EXISTS"));
        accepted();
        assertEquals(1, world.service.jobs().size());
    }

    @Test
    void an_unanswered_create_is_not_sent_again_before_it_has_settled() {
        world.service.next("create", new Fault.LoseRequest());
        assertThrows(Unreachable.class, this::launch);
        assertThrows(Unreachable.class, this::launch);
        assertEquals(1, world.service.count("create"));
        assertInstanceOf(Observation.Missing.class, backend.observe(attempt, Optional.empty()));
        world.pass(CustomJobs.SETTLES_WITHIN);
        accepted();
        assertEquals(1, world.service.jobs().size());
    }

    @Test
    void a_lost_answer_whose_look_up_fails_too_leaves_one_job() {
        world.service.next("create", new Fault.LoseAnswer());
        // The look before the create is answered, the one after it is not.
        world.service.next("list", new Fault.None(), new Fault.Refuse(503, "UNAVAILABLE", "later"));
        assertThrows(Unreachable.class, this::launch);
        accepted();
        assertEquals(1, world.service.count("create"));
        assertEquals(1, world.service.jobs().size());
    }

    @Test
    void a_stop_is_not_done_while_a_create_may_still_come_about() {
        world.service.next("create", new Fault.LoseRequest());
        assertThrows(Unreachable.class, this::launch);
        assertThrows(Unreachable.class, () -> backend.stop(attempt, Optional.empty(), Duration.ZERO));
        world.pass(CustomJobs.SETTLES_WITHIN);
        backend.stop(attempt, Optional.empty(), Duration.ZERO);
        assertEquals(Cause.SIGNAL, refused());
        assertEquals(0, world.service.jobs().size());
    }

    @Test
    void a_new_server_waits_before_it_calls_a_stop_done_since_the_last_one_may_have_sent_a_create() {
        var later = world.backend();
        assertThrows(Unreachable.class, () -> later.stop(attempt, Optional.empty(), Duration.ZERO));
        world.pass(CustomJobs.SETTLES_WITHIN);
        later.stop(attempt, Optional.empty(), Duration.ZERO);
    }

    @Test
    void of_two_that_came_about_the_older_is_the_attempt_and_the_other_is_cancelled() {
        var first = accepted().handle();
        world.pass(Duration.ofSeconds(1));
        var second = world.service.again(world.service.only());
        assertEquals(first, accepted().handle());
        assertEquals("JOB_STATE_CANCELLING", States.state(second));
        assertEquals("JOB_STATE_QUEUED", States.state(world.service.jobs().getFirst()));
    }

    @Test
    void lack_of_quota_is_no_failure_and_is_not_asked_about_every_moment() {
        world.service.next(
                "create", new Fault.Refuse(429, "RESOURCE_EXHAUSTED", "custom_model_training_nvidia_l4_gpus"));
        var trouble = assertThrows(Unreachable.class, this::launch);
        assertTrue(String.valueOf(trouble.getMessage()).contains("custom_model_training_nvidia_l4_gpus"));
        assertThrows(Unreachable.class, this::launch);
        assertEquals(1, world.service.count("create"));
        world.pass(CustomJobs.QUOTA_PAUSE);
        accepted();
    }

    @ParameterizedTest
    @CsvSource({
        "400, INVALID_ARGUMENT, BAD_CONFIGURATION",
        "403, PERMISSION_DENIED, REFUSED",
        "404, NOT_FOUND, REFUSED",
        "412, FAILED_PRECONDITION, REFUSED"
    })
    void a_definite_refusal_is_one_with_the_words_of_the_service(int status, String word, Cause cause) {
        world.service.next("create", new Fault.Refuse(status, word, "actAs is missing"));
        var why = assertInstanceOf(Launched.Refused.class, launch()).why();
        assertEquals(cause, why.cause());
        assertTrue(why.detail().contains(word + " actAs is missing"), why.detail());
        assertEquals(0, world.service.jobs().size());
    }

    @Test
    void a_token_that_is_no_longer_taken_is_fetched_afresh_once() {
        accepted();
        world.service.expireToken();
        assertInstanceOf(Observation.Waiting.class, backend.observe(attempt, Optional.empty()));
        world.service.next(
                "list", new Fault.Refuse(401, "UNAUTHENTICATED", "no"), new Fault.Refuse(401, "UNAUTHENTICATED", "no"));
        assertInstanceOf(Observation.Unreachable.class, backend.observe(attempt, Optional.empty()));
    }

    @Test
    void nobody_there_is_proof_that_nothing_was_sent() {
        world.service.close();
        assertInstanceOf(Launched.NotSent.class, launch());
        assertInstanceOf(Check.Unknown.class, backend.check(VertexWorld.spec(), Duration.ofSeconds(1)));
    }

    @Test
    void after_an_unanswered_create_nobody_there_proves_nothing() {
        world.service.next("create", new Fault.LoseRequest());
        assertThrows(Unreachable.class, this::launch);
        world.pass(CustomJobs.SETTLES_WITHIN);
        world.service.close();
        assertThrows(Unreachable.class, this::launch);
    }

    @Test
    void a_check_says_what_the_service_refuses_and_asks_only_now_and_then() {
        world.service.next("list", new Fault.Refuse(403, "PERMISSION_DENIED", "Vertex AI API has not been used"));
        var objected = assertInstanceOf(Check.Objected.class, backend.check(VertexWorld.spec(), Duration.ofSeconds(5)));
        assertTrue(objected.objections().getFirst().contains("Vertex AI API has not been used"));
        for (int i = 0; i < 9; i++)
            assertInstanceOf(Check.Passed.class, backend.check(VertexWorld.spec(), Duration.ofSeconds(5)));
        assertEquals(2, world.service.count("list"));
    }

    @Test
    void where_nothing_is_submitted_nothing_is_sent_either() {
        var paper = world.backend(world.settings(false));
        assertTrue(paper.rendersOnly());
        assertFalse(paper.plan(VertexWorld.spec()).manifest().isEmpty());
        assertInstanceOf(Check.Passed.class, paper.check(VertexWorld.spec(), Duration.ofSeconds(5)));
        assertInstanceOf(Launched.Refused.class, paper.launch(VertexWorld.launch(attempt)));
        assertEquals(List.of(), world.service.bodies());
    }
}
