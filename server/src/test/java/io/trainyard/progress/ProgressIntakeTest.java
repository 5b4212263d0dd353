package io.trainyard.progress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.SomeJob;
import io.trainyard.progress.ProgressIntake.Heard;
import io.trainyard.store.Jobs;
import io.trainyard.store.MemoryStore;
import io.trainyard.store.Metrics.Point;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProgressIntakeTest {
    private final MemoryStore store = new MemoryStore(() -> SomeJob.NOON);
    private final ProgressIntake intake = new ProgressIntake(store);
    private final Job job = SomeJob.PLAIN.queued();

    @BeforeEach
    void record() {
        var submitted = Event.of(job, Event.Kind.SUBMITTED, "submitted", SomeJob.NOON);
        store.jobs().create(new Jobs.NewJob(job, submitted, Map.of(), new byte[0], Optional.empty()));
    }

    @Test
    void every_point_is_kept() {
        String[] lines = IntStream.rangeClosed(1, 1000)
                .mapToObj(ProgressIntakeTest::step)
                .toArray(String[]::new);
        heard(1, lines);
        assertEquals(steps(1, 1000), lossSteps());
        var progress = store.metrics().progress(job.id()).orElseThrow();
        assertEquals(1000, progress.step());
        assertEquals(Map.of("loss", 0.001), progress.latest());
    }

    @Test
    void lines_read_again_after_a_crash_double_nothing() {
        String eval = "{\"event\":\"eval\",\"step\":2,\"eval_loss\":3.0}";
        String saved = "{\"event\":\"checkpoint\",\"step\":2}";
        heard(1, step(1), step(2), eval, saved, step(3));
        heard(1, step(1), step(2), eval, saved, step(3), step(4));
        assertEquals(List.of(1L, 2L, 3L, 4L), lossSteps());
        assertEquals(1, store.metrics().read(job.id(), "eval_loss", 0, 10).size());
        assertEquals(1, store.events().after(job.id(), 1, 10).size());
    }

    @Test
    void a_push_that_overtakes_the_lines_costs_no_point_and_doubles_none() {
        heard(1, step(1), step(2));
        intake.pushed(
                job.id(),
                1,
                Optional.of(Duration.ofSeconds(9)),
                Map.of("current_step", 5.0, "total_steps", 8.0, "loss", 0.2),
                SomeJob.NOON);
        heard(1, step(3), step(4), step(5), step(6));
        assertEquals(
                List.of(1L, 2L, 3L, 4L, 5L, 6L), lossSteps().stream().sorted().toList());
        var progress = store.metrics().progress(job.id()).orElseThrow();
        assertEquals(6, progress.step());
        assertEquals(Optional.of(75.0), progress.percentage());
    }

    @Test
    void an_old_push_takes_nothing_back() {
        heard(1, step(7));
        intake.pushed(job.id(), 1, Optional.empty(), Map.of("current_step", 3.0), SomeJob.NOON);
        assertEquals(7, store.metrics().progress(job.id()).orElseThrow().step());
    }

    @Test
    void the_next_attempt_goes_on_from_its_checkpoint_with_points_of_its_own() {
        heard(1, step(1), step(2), step(3));
        heard(2, step(3), step(4));
        assertEquals(List.of(1L, 2L, 3L, 3L, 4L), lossSteps());
        assertEquals(2, store.metrics().progress(job.id()).orElseThrow().attempt());
    }

    @Test
    void lines_without_a_number_are_numbered() {
        heard(1, "{'loss': 2.0, 'epoch': 0.1}", "noise", "{'loss': 1.0, 'epoch': 0.2}", "{'eval_loss': 0.5}");
        assertEquals(List.of(1L, 2L), lossSteps());
        assertEquals(
                List.of(2L),
                store.metrics().read(job.id(), "eval_loss", 0, 10).stream()
                        .map(Point::step)
                        .toList());
    }

    private void heard(int attempt, String... lines) {
        intake.lines(
                job.id(),
                attempt,
                Arrays.stream(lines).map(line -> new Heard(SomeJob.NOON, line)).toList());
    }

    private static String step(int number) {
        return "{\"event\":\"step\",\"step\":%d,\"loss\":%s}".formatted(number, 1.0 / number);
    }

    private static List<Long> steps(long from, long to) {
        return java.util.stream.LongStream.rangeClosed(from, to).boxed().toList();
    }

    private List<Long> lossSteps() {
        return store.metrics().read(job.id(), "loss", 0, 10_000).stream()
                .map(Point::step)
                .toList();
    }
}
