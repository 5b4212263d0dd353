package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.trainyard.job.Cause;
import io.trainyard.job.Observation;
import io.trainyard.job.Observation.Ended;
import io.trainyard.job.Observation.Ending;
import io.trainyard.job.SomeJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Every state and the errors that people report. */
class StatesTest {
    private static ObjectNode job(String state) {
        return Manifest.JSON
                .createObjectNode()
                .put("name", "projects/1/locations/r/customJobs/2")
                .put("state", state)
                .put("startTime", "2026-11-23T11:00:00.5Z")
                .put("endTime", "2026-11-23T11:30:00.5Z");
    }

    private static Observation seen(JsonNode job) {
        return States.of(job, CustomJobs.handle(job), SomeJob.NOON);
    }

    private static String word(Observation seen) {
        return switch (seen) {
            case Observation.Missing _ -> "missing";
            case Observation.Waiting waiting -> "waiting " + waiting.reason().kind();
            case Observation.Active active -> "active " + active.elapsed().toSeconds();
            case Observation.Unreachable _ -> "unreachable";
            case Ended ended ->
                switch (ended.ending()) {
                    case Ending.Success _ -> "success " + ended.ran().toSeconds();
                    case Ending.Failure failure ->
                        failure.cause() + " " + ended.ran().toSeconds();
                };
        };
    }

    @ParameterizedTest
    @CsvSource({
        "JOB_STATE_QUEUED, waiting QUEUE",
        "JOB_STATE_PENDING, waiting INITIALISING",
        "JOB_STATE_PAUSED, waiting GATED",
        "JOB_STATE_RUNNING, active 3599",
        "JOB_STATE_UPDATING, active 3599",
        "JOB_STATE_CANCELLING, active 3599",
        "JOB_STATE_SUCCEEDED, success 1800",
        "JOB_STATE_PARTIALLY_SUCCEEDED, success 1800",
        "JOB_STATE_FAILED, EXIT_CODE 1800",
        "JOB_STATE_EXPIRED, DEADLINE 1800",
        "JOB_STATE_CANCELLED, SIGNAL 1800",
        "JOB_STATE_UNSPECIFIED, unreachable",
        "JOB_STATE_OF_NEXT_YEAR, unreachable",
        "'', unreachable"
    })
    void a_state_says_this(String state, String said) {
        assertEquals(said, word(seen(job(state))));
    }

    @Test
    void every_state_of_the_document_has_its_line_above() {
        var unknown = new ArrayList<String>();
        for (JsonNode state :
                Discovery.read("aiplatform.v1").at("/schemas/GoogleCloudAiplatformV1CustomJob/properties/state/enum"))
            if (word(seen(job(state.asString()))).equals("unreachable")) unknown.add(state.asString());
        assertEquals(List.of("JOB_STATE_UNSPECIFIED"), unknown);
    }

    @Test
    void without_times_nothing_ran_and_what_runs_began_now() {
        ObjectNode bare = job("JOB_STATE_FAILED");
        bare.remove("startTime");
        assertEquals("EXIT_CODE 0", word(seen(bare)));
        assertEquals("active 0", word(seen(bare.put("state", "JOB_STATE_RUNNING"))));
        assertEquals("waiting TERMINATING", word(seen(bare.put("state", "JOB_STATE_CANCELLING"))));
        assertEquals("active 0", word(seen(job("JOB_STATE_RUNNING").put("startTime", "2027-01-01T00:00:00Z"))));
        assertEquals("active 0", word(seen(job("JOB_STATE_RUNNING").put("startTime", "yesterday"))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3 | The replica workerpool0-0 exited with a non-zero status of 1. | EXIT_CODE",
                "3 | The replica workerpool0-0 exited with a non-zero status of 137. | SIGNAL",
                "3 | The replica workerpool0-0 exited with a non-zero status of 128. | EXIT_CODE",
                "3 | The replica workerpool0-0 ran out-of-memory and exited with a non-zero status of 137. | OUT_OF_MEMORY",
                "8 | Resources are insufficient in region: us-central1. Please try a different region | NODE_REFUSED",
                "8 | The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus | QUOTA",
                "14 | The job was preempted because the resources are reclaimed | PREEMPTED",
                "3 | Failed to pull image gcr.io/p/x:1: not found | IMAGE",
                "3 | machine type is not supported | BAD_CONFIGURATION",
                "7 | Permission denied | BAD_CONFIGURATION",
                "4 | deadline | DEADLINE",
                "1 | CANCELED | SIGNAL",
                "13 | Internal error occurred. Please retry in a few minutes. | INTERRUPTED",
                "14 | The service is currently unavailable. | INTERRUPTED",
                "99 | something new | EXIT_CODE"
            })
    void an_error_has_this_cause(int code, String message, Cause cause) {
        ObjectNode job = job("JOB_STATE_FAILED");
        job.putObject("error").put("code", code).put("message", message);
        var failure = assertInstanceOf(
                Ending.Failure.class, assertInstanceOf(Ended.class, seen(job)).ending());
        assertEquals(cause, failure.cause());
        assertEquals(message, failure.detail());
    }

    @Test
    void an_end_that_is_not_told_yet_has_run_as_long_as_it_did() {
        ObjectNode job = job("JOB_STATE_SUCCEEDED");
        assertEquals(
                Duration.ofMinutes(30),
                States.ending(job, CustomJobs.handle(job)).elapsed());
    }
}
