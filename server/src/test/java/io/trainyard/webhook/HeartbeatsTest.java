package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.job.JobId;
import io.trainyard.webhook.Heartbeats.Beat;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HeartbeatsTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final Subscription ONE = new Subscription(new JobId("job_1"), 0);
    private static final Subscription OTHER = new Subscription(new JobId("job_2"), 1);
    private final Heartbeats heartbeats = new Heartbeats(Duration.ofMinutes(1));

    private List<Subscription> due(long seconds) {
        return heartbeats.due(NOON.plusSeconds(seconds)).stream()
                .map(Beat::receiver)
                .toList();
    }

    private Optional<Long> next() {
        return heartbeats.next().map(due -> Duration.between(NOON, due).toSeconds());
    }

    @Test
    void each_receiver_has_its_own_beat_counted_from_when_its_job_began() {
        heartbeats.begin(ONE, "h", NOON, NOON);
        heartbeats.begin(OTHER, "h", NOON.plusSeconds(20), NOON.plusSeconds(25));
        assertEquals(List.of(), due(59));
        assertEquals(List.of(ONE), due(60));
        assertEquals(List.of(OTHER), due(80));
        assertEquals(List.of(ONE, OTHER), due(145));
        assertEquals(Optional.of(180L), next());
    }

    @Test
    void after_a_restart_the_beat_goes_on_as_before_and_what_was_missed_is_not_made_up_for() {
        heartbeats.begin(ONE, "h", NOON, NOON.plusSeconds(3601));
        assertEquals(Optional.of(3660L), next());
        assertEquals(List.of(ONE), due(9999));
        assertEquals(Optional.of(10_020L), next());
    }

    @Test
    void what_has_ended_beats_no_more() {
        heartbeats.begin(ONE, "h", NOON, NOON);
        heartbeats.end(ONE);
        heartbeats.end(ONE);
        assertEquals(List.of(), due(9999));
        assertEquals(Optional.empty(), next());
        heartbeats.failed(ONE, NOON);
        heartbeats.answered(ONE);
        assertEquals(Optional.empty(), next());
    }

    @Test
    void a_receiver_that_fails_is_told_less_often_until_it_answers() {
        heartbeats.begin(ONE, "h", NOON, NOON);
        assertEquals(List.of(ONE), due(60));
        assertFalse(heartbeats.failing(ONE));
        for (int i = 0; i < Heartbeats.BAD_LUCK; i++) heartbeats.failed(ONE, NOON.plusSeconds(60));
        assertTrue(heartbeats.failing(ONE));
        assertEquals(Optional.of(120L), next());
        heartbeats.failed(ONE, NOON.plusSeconds(60));
        assertEquals(Optional.of(180L), next());
        for (int i = 0; i < 20; i++) heartbeats.failed(ONE, NOON.plusSeconds(200));
        assertEquals(Optional.of(200 + Heartbeats.MAX_BETWEEN.toSeconds()), next());
        assertEquals(List.of(ONE), due(500));
        heartbeats.answered(ONE);
        assertFalse(heartbeats.failing(ONE));
        assertEquals(Optional.of(560L), next());
    }

    @Test
    void beginning_again_changes_nothing_but_the_beat() {
        heartbeats.begin(ONE, "h", NOON, NOON);
        heartbeats.begin(ONE, "h", NOON.plusSeconds(30), NOON.plusSeconds(30));
        assertEquals(List.of(), due(89));
        assertEquals(List.of(ONE), due(90));
    }
}
