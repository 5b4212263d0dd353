package io.trainyard.reconciler;

import io.trainyard.backend.Backend;
import io.trainyard.job.Attempt;
import io.trainyard.job.Job;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Whose output was read to its end, and whose was let go; outlives the server, as lines in a store do. */
final class Account implements Output {
    private final BooleanSupplier outOfReach;
    final Set<AttemptKey> finished = new HashSet<>();
    final Set<AttemptKey> released = new HashSet<>();

    Account(BooleanSupplier outOfReach) {
        this.outOfReach = outOfReach;
    }

    @Override
    public void follow(Job job) {}

    @Override
    public void finish(Job job) {
        if (outOfReach.getAsBoolean()) throw new Backend.Unreachable("the output cannot be read now");
        finished.add(AttemptKey.of(attempt(job)));
    }

    @Override
    public void release(Job job) {
        released.add(AttemptKey.of(attempt(job)));
    }

    private static Attempt attempt(Job job) {
        return job.state().liveAttempt().orElseThrow(() -> new AssertionError("no attempt prints in " + job.state()));
    }
}
