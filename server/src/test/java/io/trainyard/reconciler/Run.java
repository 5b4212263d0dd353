package io.trainyard.reconciler;

import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation.Ending;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What a backend really has of one attempt, whatever the server knows of it. */
final class Run {
    private enum Life {
        CREATED,
        RUNNING,
        OVER
    }

    final Attempt attempt;
    private final Instant startsAt;
    private final Duration length;
    private Ending ending;
    private Life life = Life.CREATED;
    private Instant startedAt = Instant.EPOCH;
    private Instant overAt = Instant.EPOCH;
    private Optional<Instant> stopsAt = Optional.empty();

    Run(Attempt attempt, Instant startsAt, Duration length, Ending ending) {
        this.attempt = attempt;
        this.startsAt = startsAt;
        this.length = length;
        this.ending = ending;
    }

    boolean alive() {
        return life != Life.OVER;
    }

    boolean running() {
        return life == Life.RUNNING;
    }

    Instant startedAt() {
        return startedAt;
    }

    Ending ending() {
        return ending;
    }

    Handle handle() {
        return new Handle("chaos", "Run", attempt.backend(), attempt.toString(), "1");
    }

    Duration ran(Instant now) {
        return switch (life) {
            case CREATED -> Duration.ZERO;
            case RUNNING -> Duration.between(startedAt, now);
            case OVER -> startedAt.equals(Instant.EPOCH) ? Duration.ZERO : Duration.between(startedAt, overAt);
        };
    }

    /** @return whether it began to run at this tick */
    boolean tick(Instant now) {
        boolean began = life == Life.CREATED && !now.isBefore(startsAt);
        if (began) {
            life = Life.RUNNING;
            startedAt = now;
        }
        if (running() && !now.isBefore(startedAt.plus(length))) over(ending, now);
        if (alive() && stopsAt.filter(at -> !now.isBefore(at)).isPresent()) over(ending, now);
        return began;
    }

    void stop(Ending how, Instant at, Instant now) {
        if (!alive() || stopsAt.isPresent()) return;
        ending = how;
        if (life == Life.CREATED) over(new Ending.Failure(Cause.SIGNAL, "stopped before it started"), now);
        else stopsAt = Optional.of(at);
    }

    void over(Ending how, Instant now) {
        if (!alive()) return;
        ending = how;
        life = Life.OVER;
        overAt = now;
    }
}
