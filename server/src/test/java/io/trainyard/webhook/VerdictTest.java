package io.trainyard.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.store.Outbox.Result;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerdictTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private final Random random = new Random(1);

    private Verdict of(Reply reply, int tries, Instant now) {
        return Verdict.of(reply, NOON, tries, now, random);
    }

    private static Reply answered(int status) {
        return new Reply.Answered(status, Optional.empty(), "");
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 201, 202, 204, 299})
    void any_2xx_is_delivered(int status) {
        var verdict = of(answered(status), 3, NOON);
        assertEquals(new Verdict(Result.DELIVERED, Optional.empty(), Optional.of(status), ""), verdict);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 307, 308, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599})
    void what_may_change_is_tried_again(int status) {
        var verdict = of(answered(status), 0, NOON);
        assertEquals(Result.FAILED, verdict.result());
        assertTrue(verdict.again().orElseThrow().isAfter(NOON));
        assertTrue(verdict.detail().startsWith("answered " + status), verdict.detail());
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 405, 413, 415, 422, 501})
    void what_will_never_change_is_not(int status) {
        assertEquals(Result.REFUSED, of(answered(status), 0, NOON).result());
    }

    @Test
    void gone_is_gone_and_a_forbidden_address_is_refused() {
        assertEquals(Result.GONE, of(answered(410), 0, NOON).result());
        var forbidden = of(new Reply.Forbidden("link-local"), 0, NOON);
        assertEquals(new Verdict(Result.REFUSED, Optional.empty(), Optional.empty(), "link-local"), forbidden);
    }

    @Test
    void waits_grow_with_jitter_until_the_event_is_a_day_old() {
        Instant now = NOON;
        var waits = new ArrayList<Duration>();
        for (int tries = 0; ; tries++) {
            var verdict = of(new Reply.Unanswered("no answer"), tries, now);
            if (verdict.result() == Result.EXPIRED) break;
            Duration wait = Duration.between(now, verdict.again().orElseThrow());
            Duration planned = Verdict.WAITS.get(Math.min(tries, Verdict.WAITS.size() - 1));
            double share = (double) wait.toMillis() / planned.toMillis();
            assertTrue(share >= 1 - Verdict.JITTER && share <= 1 + Verdict.JITTER, wait + " for " + planned);
            waits.add(wait);
            now = verdict.again().orElseThrow();
        }
        assertTrue(waits.size() >= 12 && waits.size() < 25, waits.toString());
        assertTrue(now.isAfter(NOON.plus(Duration.ofHours(18))), now.toString());
        assertEquals(waits.size(), List.copyOf(waits).stream().distinct().count(), "no jitter");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "120 | PT2M",
                " 7 | PT7S",
                "0 | PT1S",
                "999999999 | PT6H",
                "Thu, 01 Jan 2026 12:10:00 GMT | PT10M",
                "Thu, 01 Jan 2026 11:00:00 GMT | PT1S"
            })
    void a_receiver_may_say_when_it_wants_to_be_asked_again(String header, Duration wait) {
        for (int status : List.of(429, 503)) {
            var verdict = of(new Reply.Answered(status, Optional.of(header), ""), 0, NOON);
            assertEquals(Optional.of(NOON.plus(wait)), verdict.again());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "-5", "1.5", "2026-01-01"})
    void what_is_no_retry_after_is_overlooked(String header) {
        var verdict = of(new Reply.Answered(503, Optional.of(header), ""), 0, NOON);
        Duration wait = Duration.between(NOON, verdict.again().orElseThrow());
        assertTrue(wait.compareTo(Duration.ofSeconds(3)) < 0, wait.toString());
    }
}
