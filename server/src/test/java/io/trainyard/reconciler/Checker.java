package io.trainyard.reconciler;

import io.trainyard.job.Attempt;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.job.JobState.Done;
import io.trainyard.job.JobState.Paused;
import io.trainyard.job.Outcome;
import io.trainyard.job.Wish;
import io.trainyard.store.Jobs;
import io.trainyard.store.Store;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Holds what is written down against what is true: every job at every commit, the whole world at every tick. */
final class Checker {
    private static final int ALL = 10_000;

    private final World world;
    private final Store store;
    private final Map<JobId, Job> last = new LinkedHashMap<>();
    private final Map<JobId, List<Event>> history = new LinkedHashMap<>();
    private final Set<JobId> acknowledged = new HashSet<>();
    private final Set<JobId> cancelled = new HashSet<>();
    private final Set<JobId> mayGo = new HashSet<>();
    private final Map<AttemptKey, Integer> starts = new LinkedHashMap<>();

    Checker(World world, Store store) {
        this.world = world;
        this.store = store;
    }

    void acknowledged(JobId id) {
        acknowledged.add(id);
    }

    void cancelled(JobId id) {
        cancelled.add(id);
    }

    void mayGo(JobId id) {
        mayGo.add(id);
    }

    void started(Attempt attempt) {
        int times = starts.merge(AttemptKey.of(attempt), 1, Integer::sum);
        if (times > 1) throw broken(attempt.job(), attempt + " was started " + times + " times");
    }

    Set<AttemptKey> started() {
        return starts.keySet();
    }

    /** After each commit, on the thread that made it. */
    void committed(JobId id) {
        Optional<Job> found = store.jobs().find(id);
        if (found.isEmpty()) {
            if (!mayGo.contains(id)) throw broken(id, "the job is gone and nobody asked for that");
            return;
        }
        Job job = found.get();
        events(job);
        Job before = last.put(id, job);
        if (job.wish().ends()) cancelled.add(id);
        if (before != null && !before.equals(job)) changed(before, job);
        if (job.state() instanceof Done done && done.outcome() instanceof Outcome.Cancelled != cancelled.contains(id))
            throw broken(id, "cancelled " + cancelled.contains(id) + ", and it ended " + done.outcome());
        alive(job);
    }

    private void changed(Job before, Job job) {
        if (job.version() != before.version() + 1)
            throw broken(job.id(), "version " + before.version() + " became " + job.version());
        if (before.state().ended()) throw broken(job.id(), "a finished job changed: " + before + " to " + job);
        if (job.ran().compareTo(before.ran()) < 0) throw broken(job.id(), "running time was taken back");
        if (job.updated().isBefore(before.updated()) || job.updated().isAfter(world.now()))
            throw broken(job.id(), "it was updated at " + job.updated() + ", now is " + world.now());
        var old = before.state().liveAttempt().map(Attempt::number);
        var now = job.state().liveAttempt().map(Attempt::number);
        if (old.isPresent() && now.isPresent() && !old.equals(now))
            throw broken(job.id(), "attempt " + now.get() + " came on the heels of " + old.get());
        if (old.isPresent() && now.isEmpty()) over(before);
    }

    private void over(Job before) {
        var key = AttemptKey.of(before.state().liveAttempt().orElseThrow());
        if (world.seenEnded(key) && !world.account.finished.contains(key))
            throw broken(key.job(), "the end of attempt " + key.number() + " was told before its last line was read");
    }

    private void events(Job job) {
        var known = history.computeIfAbsent(job.id(), _ -> new ArrayList<>());
        for (Event event : store.events().after(job.id(), known.size(), ALL)) {
            if (event.sequence() != known.size() + 1) throw broken(job.id(), "a gap before " + event);
            known.add(event);
        }
        long terminal = known.stream().filter(event -> event.kind().terminal()).count();
        boolean last = !known.isEmpty() && known.getLast().kind().terminal();
        if (job.state().ended() ? terminal != 1 || !last : terminal != 0)
            throw broken(job.id(), terminal + " terminal events in " + job.state());
    }

    /** Only the attempt that is written down may live, and only where it is written down. */
    private void alive(Job job) {
        world.alive(job.id()).forEach(run -> {
            if (!job.state().liveAttempt().equals(Optional.of(run.attempt)))
                throw broken(job.id(), run.attempt + " is alive on " + run.attempt.backend() + ", the job is " + job);
        });
    }

    void tick() {
        for (JobId id : acknowledged)
            if (store.jobs().find(id).isEmpty() && !mayGo.contains(id))
                throw broken(id, "an acknowledged job was lost");
        world.alive().forEach(run -> {
            Optional<Job> job = store.jobs().find(run.attempt.job());
            if (job.isEmpty()) throw broken(run.attempt.job(), run.attempt + " outlived its job");
            alive(job.get());
        });
        world.backends().forEach(this::capacity);
    }

    private void capacity(ChaoticBackend backend) {
        var gpus = new HashSet<Integer>();
        int cpus = 0;
        long memory = 0;
        for (Attempt attempt : store.jobs().live(backend.name())) {
            for (int gpu : attempt.grant().gpus())
                if (!gpus.add(gpu)) throw broken(attempt.job(), "GPU " + gpu + " was given twice");
            cpus += attempt.grant().cpus();
            memory += attempt.grant().memoryBytes();
        }
        var all = backend.all();
        if (cpus > all.cpus()
                || memory > all.memoryBytes()
                || store.jobs().live(backend.name()).size() > all.slots())
            throw new AssertionError(world + ": more was given than " + backend.name() + " has");
    }

    boolean atRest() {
        return unrest().isEmpty();
    }

    /** Jobs that still have to move once the chaos has stopped. */
    private List<Job> unrest() {
        return store.jobs().list(Jobs.Filter.ALL, Optional.empty(), ALL).jobs().stream()
                .filter(job -> !(job.state().ended() && job.wish() != Wish.DELETE)
                        && !(job.state() instanceof Paused && job.wish() == Wish.PAUSE))
                .toList();
    }

    /** When the world has come to rest, or should have. */
    void finale() {
        for (Job job : unrest()) throw broken(job.id(), "it does not come to rest: " + job.state() + ", " + job.wish());
        world.alive().forEach(run -> {
            throw broken(run.attempt.job(), run.attempt + " is alive after all");
        });
        for (AttemptKey key : starts.keySet())
            if (!world.account.released.contains(key))
                throw broken(key.job(), "the output of attempt " + key.number() + " was never let go");
    }

    private AssertionError broken(JobId id, String what) {
        var text = new StringBuilder("%s: %s: %s%n".formatted(world, id, what));
        for (Event event : history.getOrDefault(id, List.of()))
            text.append("  %s %s attempt %s: %s%n"
                    .formatted(
                            event.at(),
                            event.kind(),
                            event.attempt().map(String::valueOf).orElse("-"),
                            event.message()));
        return new AssertionError(text.toString());
    }
}
