package io.trainyard.webhook;

import io.trainyard.store.Outbox.Result;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * What an answer means, and when to try again: pure.
 *
 * @param again when; only for {@link Result#FAILED}
 * @param detail why it failed; empty when it did not
 */
record Verdict(Result result, Optional<Instant> again, Optional<Integer> status, String detail) {
    /** The waits between tries; the last one goes on until the event is too old. */
    static final List<Duration> WAITS = List.of(
            Duration.ofSeconds(2),
            Duration.ofSeconds(5),
            Duration.ofSeconds(15),
            Duration.ofMinutes(1),
            Duration.ofMinutes(5),
            Duration.ofMinutes(15),
            Duration.ofHours(1),
            Duration.ofHours(3));
    /** A wait is longer or shorter by up to this share, so that receivers that come back are not met by all at once. */
    static final double JITTER = 0.2;

    static final Duration GIVE_UP_AFTER = Duration.ofHours(24);
    static final Duration MAX_RETRY_AFTER = Duration.ofHours(6);
    private static final int GONE = 410;
    /** The receiver has read the message and will say the same to it for ever. */
    private static final Set<Integer> POINTLESS = Set.of(400, 405, 406, 413, 414, 415, 422, 431, 501);

    /**
     * @param happened when the event did
     * @param tries failed ones before this
     */
    static Verdict of(Reply reply, Instant happened, int tries, Instant now, RandomGenerator random) {
        return switch (reply) {
            case Reply.Answered answered -> of(answered, happened, tries, now, random);
            case Reply.Unanswered unanswered ->
                failed(Optional.empty(), unanswered.why(), later(tries, random), happened, now);
            case Reply.Forbidden forbidden ->
                new Verdict(Result.REFUSED, Optional.empty(), Optional.empty(), forbidden.why());
        };
    }

    private static Verdict of(
            Reply.Answered answered, Instant happened, int tries, Instant now, RandomGenerator random) {
        int status = answered.status();
        if (status >= 200 && status < 300)
            return new Verdict(Result.DELIVERED, Optional.empty(), Optional.of(status), "");
        String said = "answered " + status + (answered.text().isEmpty() ? "" : ": " + answered.text());
        if (status == GONE) return new Verdict(Result.GONE, Optional.empty(), Optional.of(status), said);
        if (POINTLESS.contains(status)) return new Verdict(Result.REFUSED, Optional.empty(), Optional.of(status), said);
        if (status >= 300 && status < 400) said += "; redirects are not followed: name the final address";
        Duration wait = answered.retryAfter().flatMap(text -> asked(text, now)).orElseGet(() -> later(tries, random));
        return failed(Optional.of(status), said, wait, happened, now);
    }

    private static Verdict failed(Optional<Integer> status, String why, Duration wait, Instant happened, Instant now) {
        Instant again = now.plus(wait);
        boolean tooLate = again.isAfter(happened.plus(GIVE_UP_AFTER));
        return tooLate
                ? new Verdict(Result.EXPIRED, Optional.empty(), status, why)
                : new Verdict(Result.FAILED, Optional.of(again), status, why);
    }

    private static Duration later(int tries, RandomGenerator random) {
        Duration wait = WAITS.get(Math.min(tries, WAITS.size() - 1));
        double factor = 1 + JITTER * (2 * random.nextDouble() - 1);
        return Duration.ofMillis((long) (wait.toMillis() * factor));
    }

    /** {@code Retry-After}: seconds or a date, never less than a second and never beyond reason. */
    private static Optional<Duration> asked(String text, Instant now) {
        try {
            Duration wait = text.strip().matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(text.strip()))
                    : Duration.between(now, Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text.strip())));
            if (wait.compareTo(Duration.ofSeconds(1)) < 0) return Optional.of(Duration.ofSeconds(1));
            return Optional.of(wait.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : wait);
        } catch (DateTimeException notADate) {
            return Optional.empty();
        }
    }
}
