package io.trainyard.backend.causes;

import io.trainyard.backend.causes.Pod.Condition;
import io.trainyard.backend.causes.Pod.Container;
import io.trainyard.backend.causes.Pod.State;
import io.trainyard.job.SomeJob;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A pod, changed one thing at a time. */
record SomePod(
        int rank,
        String phase,
        String reason,
        String message,
        Instant created,
        Optional<Instant> goneBy,
        List<Condition> conditions,
        State state,
        State last) {
    static final SomePod POD = new SomePod(
            0,
            "Pending",
            "",
            "",
            SomeJob.NOON.minusSeconds(60),
            Optional.empty(),
            List.of(),
            new State.Unknown(),
            new State.Unknown());

    SomePod rank(int other) {
        return new SomePod(other, phase, reason, message, created, goneBy, conditions, state, last);
    }

    SomePod phase(String other, String why, String said) {
        return new SomePod(rank, other, why, said, created, goneBy, conditions, state, last);
    }

    SomePod goneBy(Instant time) {
        return new SomePod(rank, phase, reason, message, created, Optional.of(time), conditions, state, last);
    }

    SomePod condition(String type, String status, String why, String said) {
        var condition = new Condition(type, status, why, said, Optional.of(created));
        return new SomePod(rank, phase, reason, message, created, goneBy, List.of(condition), state, last);
    }

    SomePod waiting(String why, String said) {
        return new SomePod(
                rank, phase, reason, message, created, goneBy, conditions, new State.Waiting(why, said), last);
    }

    SomePod running(Instant since) {
        var now = new State.Running(Optional.of(since));
        return new SomePod(rank, "Running", reason, message, created, goneBy, conditions, now, last);
    }

    SomePod ended(int code, String why, String said, Instant at) {
        var now = new State.Terminated(code, why, said, Optional.of(at.minusSeconds(30)), Optional.of(at));
        String over = code == 0 ? "Succeeded" : "Failed";
        return new SomePod(rank, over, reason, message, created, goneBy, conditions, now, last);
    }

    SomePod endedBefore(int code) {
        var before = new State.Terminated(code, "Error", "", Optional.empty(), Optional.empty());
        return new SomePod(rank, phase, reason, message, created, goneBy, conditions, state, before);
    }

    Pod pod() {
        var container = new Container("trainer", true, false, "repo/image:1", "4Gi", 3, state, last);
        return new Pod(
                "train-" + rank,
                "uid-" + rank,
                "train",
                rank,
                phase,
                reason,
                message,
                "gpu-7",
                created,
                goneBy,
                conditions,
                state instanceof State.Unknown ? List.of() : List.of(container));
    }
}
