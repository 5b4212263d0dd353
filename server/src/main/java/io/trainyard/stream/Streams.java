package io.trainyard.stream;

import io.trainyard.http.EventStream;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.store.Logs.Line;
import io.trainyard.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Follows events and logs from a cursor on. A follower reads the store, sends, and sleeps until a commit rings its bell;
 * a lost ring only delays, since it also looks by itself. Nothing is kept for a client but its cursor.
 */
public final class Streams {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration PING_EVERY = Duration.ofSeconds(15);
    private static final int PAGE = 500;
    /** Lines may be long, and every follower has a page of them in memory. */
    private static final int LINES_PAGE = 100;
    /** More unread hints than this are dropped: they would all say the same. */
    private static final int MAX_HINTS = 10_000;

    private final Store store;
    private final InstantSource clock;
    private final Map<JobId, Set<Bell>> bells = new ConcurrentHashMap<>();
    private final Set<Bell> everywhere = ConcurrentHashMap.newKeySet();
    private volatile boolean open = true;

    public Streams(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
        store.subscribe(change -> {
            var listeners = bells.get(change.job());
            if (listeners != null) listeners.forEach(bell -> bell.ring(change.job()));
            switch (change.kind()) {
                case CREATED, WISH, STATE -> everywhere.forEach(bell -> bell.ring(change.job()));
                case PROGRESS, LOG, OUTBOX -> {}
            }
        });
    }

    /** Lets all followers go, so that a server can stop. */
    public void close() {
        open = false;
    }

    /** Sends the events of a job behind a sequence, up to its terminal one. */
    public void events(JobId job, long after, EventStream out, Function<Event, String> render) {
        follow(job, out, new Follower() {
            private long cursor = after;

            @Override
            public boolean send() {
                // Also who resumes behind the terminal event is let go. Read first: what it says is in the pages.
                boolean over = store.jobs()
                        .find(job)
                        .filter(found -> !found.state().ended())
                        .isEmpty();
                while (true) {
                    List<Event> page = store.events().after(job, cursor, PAGE);
                    for (Event event : page) {
                        out.send(Long.toString(event.sequence()), word(event), render.apply(event));
                        cursor = event.sequence();
                        if (event.kind().terminal()) return true;
                    }
                    if (page.size() < PAGE) return over;
                }
            }
        });
    }

    /** Sends log lines from a number on, then {@code event: end} once the job is done and all its lines are sent. */
    public void logs(JobId job, long from, EventStream out, Function<Line, String> render) {
        follow(job, out, new Follower() {
            private long next = from;

            @Override
            public boolean send() {
                // The state is read before the lines: when it says done, every line is already stored.
                Optional<Job> found = store.jobs().find(job);
                while (true) {
                    List<Line> page = store.logs().read(job, next, LINES_PAGE);
                    for (Line line : page) {
                        out.send(Long.toString(line.number()), "line", render.apply(line));
                        next = line.number() + 1;
                    }
                    if (page.size() < LINES_PAGE) break;
                }
                if (found.isPresent() && !found.get().state().ended()) return false;
                out.send(Long.toString(next - 1), "end", "{}");
                return true;
            }
        });
    }

    /** Sends the events of all jobs that happen from now on, until the client goes. */
    public void all(EventStream out, Function<Event, String> render) {
        Instant began = clock.instant();
        var sent = new Sent();
        var bell = new Bell();
        everywhere.add(bell);
        try {
            out.ping();
            Instant pinged = began;
            while (open) {
                Optional<JobId> job = bell.await();
                if (job.isPresent()) {
                    news(job.get(), began, sent, out, render);
                    out.flush();
                }
                pinged = pingIfDue(out, pinged);
            }
        } catch (EventStream.Gone gone) {
            return;
        } finally {
            everywhere.remove(bell);
        }
    }

    private void news(JobId job, Instant began, Sent sent, EventStream out, Function<Event, String> render) {
        while (true) {
            List<Event> page = store.events().after(job, sent.getOrDefault(job, 0L), PAGE);
            for (Event event : page) {
                sent.put(job, event.sequence());
                if (event.at().isBefore(began)) continue;
                out.send(job + "/" + event.sequence(), word(event), render.apply(event));
            }
            if (page.size() < PAGE) return;
        }
    }

    private interface Follower {
        /** Sends what is new; true when there will be no more. */
        boolean send();
    }

    private void follow(JobId job, EventStream out, Follower follower) {
        var bell = new Bell();
        bells.compute(job, (_, others) -> {
            Set<Bell> set = others == null ? ConcurrentHashMap.newKeySet() : others;
            set.add(bell);
            return set;
        });
        try {
            Instant pinged = clock.instant();
            while (open) {
                boolean last = follower.send();
                out.flush();
                if (last) return;
                var _ = bell.await();
                pinged = pingIfDue(out, pinged);
            }
        } catch (EventStream.Gone gone) {
            return;
        } finally {
            bells.computeIfPresent(job, (_, set) -> {
                set.remove(bell);
                return set.isEmpty() ? null : set;
            });
        }
    }

    private Instant pingIfDue(EventStream out, Instant pinged) {
        Instant now = clock.instant();
        if (now.isBefore(pinged.plus(PING_EVERY))) return pinged;
        out.ping();
        return now;
    }

    private static String word(Event event) {
        return event.kind().name().toLowerCase(Locale.ROOT);
    }

    /** Up to where each job was sent; a job forgotten here has no hint left that would send it again. */
    private static final class Sent extends LinkedHashMap<JobId, Long> {
        private static final long serialVersionUID = 1;

        Sent() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<JobId, Long> eldest) {
            return size() > MAX_HINTS;
        }
    }

    private static final class Bell {
        private final LinkedBlockingQueue<JobId> hints = new LinkedBlockingQueue<>(MAX_HINTS);

        void ring(JobId job) {
            boolean _ = hints.offer(job);
        }

        Optional<JobId> await() {
            try {
                return Optional.ofNullable(hints.poll(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
    }
}
