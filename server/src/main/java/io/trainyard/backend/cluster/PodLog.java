package io.trainyard.backend.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the pods of one rank print, one after another, followed into a file. The server takes up a log at a whole second
 * and no finer, so what was seen of that second is counted and left out: no line is lost and none comes twice, however
 * often the stream is cut.
 */
public final class PodLog implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(PodLog.class.getName());
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
    /** The end of a stream comes before the news that its container has ended, but not long before. */
    private static final int LOOKS_AFTER_END = 40;

    private static final int BLOCK_BYTES = 1 << 16;

    private final Api api;
    private final PodLogFile file;
    /** What is known of a pod by its name; asked from our own thread, and quick. */
    private final Function<Source, Fate> fate;

    private final Semaphore hurried = new Semaphore(0);
    private volatile boolean open = true;
    private volatile @Nullable InputStream stream;
    private volatile @Nullable Source current;
    private volatile State state = State.DONE;
    private volatile String trouble = "";

    /** @param uid tells it from a later pod of the same name */
    public record Source(String namespace, String pod, String uid, String container, String node) {}

    /** How a container stands as far as its output goes. */
    public enum Fate {
        /** Prints, or may yet. */
        PRINTS,
        /** Printed its last line. */
        OVER,
        /** Nobody can read it any more. */
        GONE
    }

    private enum State {
        FOLLOWING,
        DONE
    }

    public PodLog(Api api, PodLogFile file, Function<Source, Fate> fate) {
        this.api = api;
        this.file = file;
        this.fate = fate;
    }

    public PodLogFile file() {
        return file;
    }

    /**
     * Follows this pod unless another one is being followed, or this one was read to its end; may be said again.
     *
     * @param hurried whether it is known to have ended, so that it does not wait for its node's turn
     * @return whether nothing is left to be read of it
     */
    public synchronized boolean follow(Source source, boolean hurried) {
        if (!open || file.finished(source.uid())) return true;
        if (state == State.FOLLOWING) return false;
        if (current != null && current.uid().equals(source.uid())) return true;
        current = source;
        state = State.FOLLOWING;
        if (hurried) hurry();
        Thread.ofVirtual().name("log-" + source.pod()).start(() -> followAlways(source));
        return false;
    }

    /** Whether nothing is left to be read of what it was told to follow. */
    public boolean done() {
        return state == State.DONE;
    }

    /** Why it cannot go on at the moment; empty while it can. */
    public String trouble() {
        return trouble;
    }

    private void followAlways(Source source) {
        file.begin(source.uid());
        Duration pause = FIRST_PAUSE;
        boolean askedForAll = false;
        boolean reads = true;
        while (open && reads) {
            // Its last line is asked for once, however its node fared with others.
            if (askedForAll || fate.apply(source) == Fate.PRINTS) awaitTurn(source.node());
            if (!open) break;
            Fate before = fate.apply(source);
            askedForAll = before != Fate.PRINTS;
            switch (once(source, before)) {
                case END -> reads = false;
                case AGAIN -> pause = FIRST_PAUSE;
                case LATER -> {
                    boolean _ = rest(pause);
                    pause = Times.doubled(pause, LONGEST_PAUSE);
                }
                case NODE_CANNOT -> api.nodes().cannot(source.node());
            }
        }
        if (open) file.finish(source.uid());
        state = State.DONE;
    }

    private void awaitTurn(String node) {
        while (open) {
            Duration wait = api.nodes().turn(node);
            if (wait.isZero() || rest(wait)) return;
        }
    }

    private enum Next {
        /** The stream ended and the container has not. */
        AGAIN,
        LATER,
        /** The API server answers, and the node of the pod does not. */
        NODE_CANNOT,
        END
    }

    private Next once(Source source, Fate before) {
        Reply.Opened opened = api.open(path(source));
        return switch (opened) {
            case Reply.Opened.Stream it -> {
                trouble = "";
                api.nodes().works(source.node());
                yield copied(it.lines()) ? afterEnd(source, before) : Next.AGAIN;
            }
            case Reply.Opened.Failed(Reply.Refused refused) -> refused(refused, source);
            case Reply.Opened.Failed failed -> {
                trouble = String.valueOf(failed.why().unreachable().getMessage());
                yield Next.LATER;
            }
        };
    }

    private Next refused(Reply.Refused refused, Source source) {
        if (refused.missing()) return Next.END;
        Fate now = fate.apply(source);
        // "is waiting to start": there is no output yet, and there never was if it is over.
        if (refused.status() == 400 && now != Fate.PRINTS) return Next.END;
        trouble = refused.message();
        if (now == Fate.GONE) return Next.END;
        return ofTheNode(refused) ? Next.NODE_CANNOT : Next.LATER;
    }

    /** The API server asks the node of the pod, and says of its own troubles 429 and 503. */
    private static boolean ofTheNode(Reply.Refused refused) {
        return switch (refused.status()) {
            case 405, 500, 501, 502, 504 -> true;
            default -> false;
        };
    }

    private Next afterEnd(Source source, Fate before) {
        if (before != Fate.PRINTS) return Next.END;
        for (int look = 0; open && look < LOOKS_AFTER_END; look++) {
            if (fate.apply(source) != Fate.PRINTS) return Next.END;
            boolean _ = rest(LOOK_AGAIN);
        }
        return Next.AGAIN;
    }

    private String path(Source source) {
        String since = file.since()
                .map(second -> "&sinceTime=" + second.toString().replace(":", "%3A"))
                .orElse("");
        return "/api/v1/namespaces/%s/pods/%s/log?container=%s&follow=true&timestamps=true%s"
                .formatted(source.namespace(), source.pod(), source.container(), since);
    }

    /** @return whether it came to its end, and was not cut */
    private boolean copied(InputStream lines) {
        stream = lines;
        var taking = new PodLogLines(file);
        try (lines) {
            byte[] block = new byte[BLOCK_BYTES];
            int length;
            while (open && (length = lines.read(block)) >= 0) {
                taking.take(block, length);
                taking.keep();
            }
            return true;
        } catch (IOException cut) {
            LOG.log(System.Logger.Level.DEBUG, "a log is taken up again: {0}", cut.getMessage());
            return false;
        } finally {
            stream = null;
        }
    }

    /** Says in the output itself why there is no more of it. */
    public void giveUp(String why) {
        close();
        file.append(("trainyard: " + why + "\n").getBytes(StandardCharsets.UTF_8), file.cursor());
        Source left = current;
        if (left != null) file.finish(left.uid());
        state = State.DONE;
    }

    /** Its pod has printed its last line: whoever rests before the next try makes it now. */
    public void hurry() {
        if (hurried.availablePermits() == 0) hurried.release();
    }

    /** @return whether it was told to hurry before the time was over */
    private boolean rest(Duration pause) {
        try {
            return hurried.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void close() {
        open = false;
        hurry();
        InputStream reading = stream;
        if (reading == null) return;
        try {
            reading.close();
        } catch (IOException gone) {
            LOG.log(System.Logger.Level.DEBUG, "closing a log: {0}", gone.getMessage());
        }
    }

    static Instant second(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS);
    }
}
