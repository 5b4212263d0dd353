package io.trainyard.store;

import static io.trainyard.store.Samples.HANDLE;
import static io.trainyard.store.Samples.NOON;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Grant;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState;
import io.trainyard.job.JobState.Then;
import io.trainyard.job.Outcome;
import io.trainyard.job.Progress;
import io.trainyard.job.Reason;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Dataset;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import io.trainyard.spec.Webhook;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.cbor.CBORMapper;

class StoreCodecTest {
    private static final Codec CODEC = Codec.INSTANCE;
    private static final Attempt ATTEMPT =
            new Attempt(new JobId("job_1"), 2, "local", new Grant(List.of(0, 3), 4, 1L << 40));

    private static List<Outcome> outcomes() {
        return List.of(
                new Outcome.Succeeded(),
                new Outcome.Failed(Cause.OUT_OF_MEMORY, "killed: \"9\"\n"),
                new Outcome.Cancelled(),
                new Outcome.Rendered());
    }

    private static List<JobState> states() {
        var states = new ArrayList<JobState>();
        for (var kind : Reason.Kind.values()) states.add(new JobState.Queued(1, NOON, new Reason(kind, "why")));
        states.add(new JobState.Launching(ATTEMPT, Optional.empty(), Reason.STARTING));
        states.add(new JobState.Launching(ATTEMPT, Optional.of(HANDLE), Reason.STARTING));
        states.add(new JobState.Running(ATTEMPT, HANDLE, NOON));
        Stream.concat(
                        outcomes().stream().map(Then.Finish::new),
                        Stream.of(new Then.Pause(), new Then.Retry(Cause.NODE_LOST, "gone")))
                .forEach(then -> {
                    states.add(new JobState.Stopping(
                            ATTEMPT, Optional.of(HANDLE), Optional.of(NOON), then, Optional.of(NOON)));
                    states.add(
                            new JobState.Stopping(ATTEMPT, Optional.empty(), Optional.empty(), then, Optional.empty()));
                });
        states.add(new JobState.Paused(3));
        outcomes().forEach(outcome -> states.add(new JobState.Done(outcome, NOON)));
        return states;
    }

    @Test
    void every_state_comes_back() {
        for (JobState state : states()) assertEquals(state, CODEC.state.read(CODEC.state.write(state)));
    }

    /** The lists above are complete: no alternative was added without them. */
    @Test
    void every_alternative_is_tried() {
        assertEquals(permitted(JobState.class), classes(states()));
        assertEquals(permitted(Outcome.class), classes(outcomes()));
        var thens = states().stream()
                .flatMap(state -> state instanceof JobState.Stopping stopping ? Stream.of(stopping.then()) : null)
                .toList();
        assertEquals(permitted(Then.class), classes(thens));
        assertEquals(
                permitted(Container.Variable.class),
                classes(fullSpec().container().environment()));
    }

    private static Set<Class<?>> permitted(Class<?> sealed) {
        return Set.of(sealed.getPermittedSubclasses());
    }

    private static Set<Class<?>> classes(List<?> values) {
        return values.stream().map(Object::getClass).collect(Collectors.toSet());
    }

    @Test
    void a_sparse_spec_comes_back_short() {
        var spec = new JobSpec(
                "sparse",
                JobSpec.Framework.CUSTOM,
                new Model("huggingface", "m", "main", Optional.empty(), Optional.empty()),
                List.of(),
                new Method(
                        Method.Kind.FULL,
                        List.of(),
                        Method.Precision.FP32,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                Hyperparameters.DEFAULT,
                new Resources(1, 0, Optional.empty(), 1, 1, Optional.empty()),
                new Artifacts(Optional.empty(), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                Container.NONE,
                Map.of(),
                Map.of(),
                List.of(),
                Placement.ANYWHERE,
                Policy.DEFAULT,
                Settings.NONE);
        byte[] stored = CODEC.spec.write(spec);
        assertEquals(spec, CODEC.spec.read(stored));
        assertTrue(stored.length < 600, stored.length + " bytes");
    }

    @Test
    void a_text_that_comes_twice_is_stored_once() {
        String request = "{\"job_id\":\"x\"}".repeat(100);
        JobSpec twice = labelled(Map.of("request", request, "again", request));
        assertEquals(twice, CODEC.spec.read(CODEC.spec.write(twice)));
        int more = CODEC.spec.write(twice).length - CODEC.spec.write(labelled(Map.of("request", request))).length;
        assertTrue(more < 20, more + " bytes more");
    }

    private static JobSpec labelled(Map<String, String> labels) {
        return Samples.spec(
                new Samples.Draft("x", Optional.empty(), "p", "trainer", "local", 0, labels, 0, Samples.NOON));
    }

    @Test
    void a_full_spec_comes_back_with_its_nested_nulls() {
        assertEquals(fullSpec(), CODEC.spec.read(CODEC.spec.write(fullSpec())));
    }

    private static JobSpec fullSpec() {
        var plain = Samples.spec(Samples.Draft.PLAIN);
        return new JobSpec(
                "full \"name\" 日本 🚂",
                JobSpec.Framework.NEMO,
                new Model("nemo", "m", "r", Optional.of("gs://w"), Optional.of(new SecretRef("token"))),
                List.of(
                        new Dataset(
                                "s3://d", "parquet", Optional.empty(), true, Map.of("key", new SecretRef("aws_key"))),
                        new Dataset("d", "hf", Optional.of("train"), false, Map.of())),
                new Method(
                        Method.Kind.QLORA,
                        List.of("head"),
                        Method.Precision.INT8,
                        true,
                        Optional.of(new Method.Lora(8, 16, 0.1, List.of("q"))),
                        Optional.of(Method.QLora.DEFAULT),
                        Optional.of(new Method.Peft(true, Samples.settings()))),
                new Hyperparameters(1e-4, 8, Optional.of(2), 1, Optional.of(500), 0, 128, 0, Optional.of(42)),
                new Resources(4, 8, Optional.of("H100"), 16, 256, Optional.of(8)),
                new Artifacts(
                        Optional.of("o"),
                        Optional.of("l"),
                        Optional.of("s"),
                        new Artifacts.Checkpoints(Optional.of("c"), Optional.of(50), 3, false)),
                plain.container(),
                Map.of("team", "a", "", ""),
                Map.of("note", "b"),
                List.of(new Webhook(
                        "https://h",
                        Optional.of(new SecretRef("a")),
                        Optional.of(new SecretRef("b")),
                        Set.of("running", "succeeded"))),
                new Placement(
                        List.of("kubernetes", "local"),
                        true,
                        Optional.of("ns"),
                        Optional.of(new Placement.TrainingRuntime("torch", "ClusterTrainingRuntime", "g")),
                        Optional.of("q"),
                        true,
                        Map.of("kubernetes", plain.container())),
                new Policy(Optional.of(Duration.ofSeconds(90, 5)), 5, 2, Optional.of(Duration.ofMillis(1500)), -7),
                Samples.settings());
    }

    @Test
    void a_job_written_before_placements_had_containers_is_read() {
        var mapper = new CBORMapper();
        JsonNode written = mapper.readTree(CODEC.spec.write(labelled(Map.of())));
        ((ObjectNode) written.get("placement")).remove("containers");
        assertEquals(labelled(Map.of()), CODEC.spec.read(mapper.writeValueAsBytes(written)));
    }

    @Test
    void attempts_and_progress_come_back() {
        assertEquals(ATTEMPT, CODEC.attempt.read(CODEC.attempt.write(ATTEMPT)));
        var progress = new Progress(
                1,
                5,
                Optional.of(10L),
                Optional.of(Duration.ofNanos(1)),
                Optional.of(4L),
                Map.of("loss", Double.NaN, "low", Double.NEGATIVE_INFINITY, "tiny", Double.MIN_VALUE),
                NOON);
        assertEquals(progress, CODEC.progress.read(CODEC.progress.write(progress)));
    }
}
