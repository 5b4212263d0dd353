package io.trainyard.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Backend;
import io.trainyard.backend.LogSource;
import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Grant;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.job.SomeJob;
import io.trainyard.progress.ProgressIntake;
import io.trainyard.secrets.Mask;
import io.trainyard.secrets.Sealer;
import io.trainyard.store.Jobs;
import io.trainyard.store.Logs;
import io.trainyard.store.MemoryStore;
import io.trainyard.store.Metrics;
import io.trainyard.store.Store;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HarvesterTest {
    private static final String SECRET = "hf_sécret-token";
    private static final String OUTPUT = "start\nlogin with " + SECRET + " ok\n"
            + "{\"event\":\"step\",\"step\":1,\"loss\":3.0}\n{\"event\":\"step\",\"step\":2,\"loss\":2.0}\nno end";
    private static final List<String> LINES = List.of(
            "start",
            "login with " + Mask.STARS + " ok",
            "{\"event\":\"step\",\"step\":1,\"loss\":3.0}",
            "{\"event\":\"step\",\"step\":2,\"loss\":2.0}",
            "no end");

    @TempDir
    Path folder;

    private Sealer sealer;
    private MemoryStore store;
    private Job job;
    private int readBytes = 5;
    private final List<String> released = new ArrayList<>();

    @BeforeEach
    void record() {
        sealer = Sealer.open(folder.resolve("secrets.key"));
        store = new MemoryStore(() -> SomeJob.NOON);
        Job queued = SomeJob.PLAIN.queued();
        store.jobs()
                .create(new Jobs.NewJob(
                        queued,
                        Event.of(queued, Event.Kind.SUBMITTED, "submitted", SomeJob.NOON),
                        sealer.seal(queued.id().value(), Map.of("token", SECRET)),
                        new byte[0],
                        Optional.empty()));
        var attempt = new Attempt(queued.id(), 1, "simulated", Grant.NOTHING);
        job = queued.withState(new JobState.Running(attempt, SomeJob.HANDLE, SomeJob.NOON), SomeJob.NOON);
    }

    @Test
    void all_lines_are_stored_masked_however_small_the_reads() {
        for (readBytes = 1; readBytes < 30; readBytes++) {
            record();
            harvester(store).finish(job);
            assertEquals(LINES, lines(), "reads of " + readBytes);
        }
    }

    @Test
    void a_crash_at_any_append_loses_nothing_and_doubles_nothing() {
        int crashes = 0;
        for (int append = 0; append < 20; append++)
            for (boolean after : new boolean[] {false, true}) {
                record();
                try {
                    harvester(new CutOff(append, after).over(store)).finish(job);
                } catch (CutOff.Crash crash) {
                    crashes++;
                    assertFalse(String.join("\n", lines()).contains("cret"));
                }
                harvester(store).finish(job);
                assertEquals(LINES, lines(), "append " + append);
                assertEquals(
                        List.of(1L, 2L),
                        store.metrics().read(job.id(), "loss", 0, 10).stream()
                                .map(Metrics.Point::step)
                                .toList(),
                        "append " + append);
            }
        assertTrue(crashes >= 10, "only " + crashes + " crashes");
    }

    @Test
    void to_finish_twice_stores_once() {
        Harvester harvester = harvester(store);
        harvester.finish(job);
        harvester.finish(job);
        harvester(store).finish(job);
        assertEquals(LINES, lines());
    }

    @Test
    void output_is_let_go_also_when_nobody_read_it_since_the_start() {
        harvester(store).release(job);
        assertEquals(List.of(job.id() + "/1"), released);
    }

    private List<String> lines() {
        return store.logs().read(job.id(), 1, 1000).stream()
                .map(Logs.Line::text)
                .toList();
    }

    private Harvester harvester(Store onto) {
        return new Harvester(onto, List.of(backend()), sealer, new ProgressIntake(onto), () -> SomeJob.NOON);
    }

    /** All a harvester asks a backend for is its name and its output. */
    private Backend backend() {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (_, method, arguments) -> switch (method.getName()) {
                    case "name" -> "simulated";
                    case "logs" -> new Output(String.valueOf(arguments[0]));
                    default -> throw new AssertionError(method.getName());
                });
    }

    private final class Output implements LogSource {
        private final byte[] bytes = OUTPUT.getBytes(UTF_8);
        private final String attempt;

        Output(String attempt) {
            this.attempt = attempt;
        }

        @Override
        public List<Part> parts() {
            return List.of(new Part(0, Stream.STDOUT));
        }

        @Override
        public Chunk read(Part part, long position, int maxBytes) {
            int to = (int) Math.min(bytes.length, position + readBytes);
            return new Chunk(Arrays.copyOfRange(bytes, (int) position, to), to);
        }

        @Override
        public void release() {
            released.add(attempt);
        }
    }
}
