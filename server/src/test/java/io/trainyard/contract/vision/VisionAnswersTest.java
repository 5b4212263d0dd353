package io.trainyard.contract.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.admission.Wanted;
import io.trainyard.backend.kubernetes.JobWorkload;
import io.trainyard.backend.kubernetes.KubernetesSettings;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.Reason;
import io.trainyard.job.Wish;
import io.trainyard.spec.JobSpec;
import io.trainyard.wire.Json;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Words and manifests, without a server. */
class VisionAnswersTest {
    @Test
    void F52_a_job_whose_first_attempt_failed_is_running_while_more_are_to_come() {
        Wanted wanted = wanted(Vision.body(1, body -> body.put("executor", "kubernetes")));
        assertEquals(3, wanted.spec().policy().userRetries());
        var again = new JobState.Queued(2, Instant.EPOCH, new Reason(Reason.Kind.RETRY, "attempt 1 failed"));
        assertEquals(
                "running",
                Answers.status(job(wanted).withState(again, Instant.EPOCH)).word());
    }

    @Test
    void a_held_job_is_pending_and_a_resumed_one_running_before_anything_happened() {
        Job held = job(wanted(Vision.body(1)))
                .withWish(Wish.PAUSE, Instant.EPOCH)
                .withState(new JobState.Paused(1), Instant.EPOCH);
        assertEquals("pending", Answers.status(held).word());
        assertEquals(
                "running",
                Answers.status(held.withWish(Wish.RUN, Instant.EPOCH)).word());
        assertEquals("stopped", Answers.serviceWord(held.withWish(Wish.CANCEL, Instant.EPOCH)));
    }

    @Test
    void F51_and_F55_a_manifest_has_advanced_config_as_one_plain_word_and_no_guesses_about_gpus() {
        for (int gpus : new int[] {0, 2}) {
            ObjectNode body = Vision.body(1, each -> {
                each.put("executor", "kubernetes");
                each.putObject("resources").put("gpu", gpus);
                each.putObject("advanced_config").put("note", "a \"b\" \\ c");
            });
            String manifest = new JobWorkload(KubernetesSettings.DEFAULT)
                    .plan(wanted(body).spec().on("kubernetes"))
                    .manifest();
            assertFalse(manifest.contains("CUDA_VISIBLE_DEVICES"), manifest);
            assertFalse(manifest.contains("nodeSelector"), manifest);
            JsonNode container = Json.MAPPER.readTree(manifest).at("/spec/template/spec/containers/0");
            assertEquals(gpus > 0, container.at("/resources/limits").has("nvidia.com/gpu"), manifest);
            String word = container
                    .get("args")
                    .valueStream()
                    .map(JsonNode::stringValue)
                    .filter(each -> each.startsWith("--advanced_config="))
                    .findFirst()
                    .orElseThrow();
            assertEquals(
                    body.get("advanced_config"), Json.MAPPER.readTree(word.substring("--advanced_config=".length())));
        }
    }

    @Test
    void F54_a_job_on_kubernetes_is_told_where_to_call_and_gets_the_token_as_a_secret() {
        JobSpec spec = wanted(Vision.body(9, body -> body.put("executor", "kubernetes")))
                .spec()
                .on("kubernetes");
        assertTrue(spec.container()
                .arguments()
                .contains("--callback_url=http://trainyard.example:4000/vision/internal/training/9"));
        String manifest = new JobWorkload(KubernetesSettings.DEFAULT).plan(spec).manifest();
        assertTrue(manifest.contains("INTERNAL_AUTH_TOKEN"), manifest);
        assertFalse(manifest.contains(Vision.INTERNAL), manifest);
    }

    private static Wanted wanted(JsonNode body) {
        return switch (Request.create(body, true)) {
            case Request.Reading.Good good ->
                new Translator(
                                good.request(),
                                good.request().id().orElseThrow(),
                                Vision.settings(Executor.SUBPROCESS, true, "local", false))
                        .wanted(Optional.empty());
            case Request.Reading.Wrong wrong -> throw new AssertionError(wrong.problems());
        };
    }

    private static Job job(Wanted wanted) {
        return Job.submitted(
                new JobId("job_0"),
                wanted.identity(),
                wanted.spec(),
                wanted.request(),
                wanted.warnings(),
                "local",
                Instant.EPOCH);
    }
}
