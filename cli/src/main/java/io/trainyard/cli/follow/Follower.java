package io.trainyard.cli.follow;

import io.trainyard.cli.api.EventStream;
import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.OutOfReach;
import io.trainyard.cli.api.Pace;
import io.trainyard.cli.session.Session;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Follows a job to its end. Its events are streamed to us, so that nothing is missed; how far it is we look up at a
 * steady pace, since a step is no event. The terminal event ends it, and with it the job is read a last time.
 */
public final class Follower {
    private final Session session;
    private final View view;
    private final BlockingQueue<Signal> inbox = new LinkedBlockingQueue<>();

    public Follower(Session session) {
        this.session = session;
        if (session.json()) this.view = new JsonView(session.screen());
        else if (session.screen().terminal()) this.view = new TerminalView(session.screen());
        else this.view = new LineView(session.screen(), session.surroundings().clock());
    }

    private sealed interface Signal {
        record Happened(JobEvent event) implements Signal {}

        record Trouble(String sentence) implements Signal {}

        record Broken(RuntimeException cause) implements Signal {}
    }

    /** Returns the job as it ended. A process stopped meanwhile says how to come back. */
    public Job follow(String id) {
        try (var _ = Detachment.armed(session.screen(), "the job goes on", "trainyard follow " + id)) {
            Thread reader = Thread.ofVirtual().start(() -> read(id));
            try {
                return watch(id);
            } finally {
                reader.interrupt();
                session.screen().clearFoot();
            }
        }
    }

    private void read(String id) {
        try {
            new EventStream(session.api(), Jobs.one(id, "events")).follow(new EventStream.Listener() {
                @Override
                public boolean message(EventStream.Message message) {
                    JobEvent event = new JobEvent(Json.read(message.data()));
                    if (!event.json().isObject()) return false;
                    inbox.add(new Signal.Happened(event));
                    return event.terminal();
                }

                @Override
                public void trouble(String sentence) {
                    inbox.add(new Signal.Trouble(sentence));
                }
            });
        } catch (RuntimeException broken) {
            inbox.add(new Signal.Broken(broken));
        }
    }

    private Job watch(String id) {
        Curve curve = new Curve();
        history(id, curve);
        long lookEvery = session.api().pace().look().toNanos();
        // What already happened is to stand above the first progress.
        long nextLook = System.nanoTime() + lookEvery / 4;
        while (true) {
            Signal signal = next(nextLook - System.nanoTime());
            switch (signal) {
                case null -> {}
                case Signal.Happened happened -> {
                    view.event(happened.event());
                    if (happened.event().terminal()) return ended(id, curve);
                }
                case Signal.Trouble trouble -> view.trouble(trouble.sentence());
                case Signal.Broken broken -> throw broken.cause();
            }
            if (System.nanoTime() - nextLook < 0) continue;
            look(id, curve);
            nextLook = System.nanoTime() + lookEvery;
        }
    }

    private @Nullable Signal next(long nanos) {
        try {
            return inbox.poll(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts the main thread", interrupted);
        }
    }

    private void look(String id, Curve curve) {
        try {
            Job job = new Job(session.api().get(Jobs.one(id)));
            job.progress().ifPresent(curve::see);
            view.progress(job, curve);
        } catch (OutOfReach lost) {
            view.trouble(String.valueOf(lost.getMessage()));
        }
    }

    private Job ended(String id, Curve curve) {
        long patience = System.nanoTime() + session.api().pace().giveUp().toNanos();
        while (true) {
            try {
                Job job = new Job(session.api().get(Jobs.one(id)));
                history(id, curve);
                view.end(job, curve);
                return job;
            } catch (OutOfReach lost) {
                // It ended, that is known; only how is not.
                if (System.nanoTime() - patience > 0 || Thread.currentThread().isInterrupted()) throw lost;
                view.trouble(String.valueOf(lost.getMessage()));
                Pace.rest(session.api().pace().retry());
            }
        }
    }

    private void history(String id, Curve curve) {
        try {
            curve.history(session.api().get(Jobs.one(id, "metrics").with("name", "loss")));
        } catch (OutOfReach lost) {
            view.trouble(String.valueOf(lost.getMessage()));
        }
    }
}
