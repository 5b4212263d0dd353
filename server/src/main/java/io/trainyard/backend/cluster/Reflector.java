package io.trainyard.backend.cluster;

import io.trainyard.backend.Backend.Unreachable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * One list of objects, kept in step by watching. A watch that closes is opened again where it stopped; when the server no
 * longer knows where that was, and in any case every now and then, all is listed again and what differs is told: no change
 * is lost, at most told late.
 */
public final class Reflector<T> implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Reflector.class.getName());
    private static final int PAGE = 500;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    /** The server sends a bookmark every minute: a watch that is silent for longer is dead without knowing. */
    private static final Duration DEAD_AFTER = Duration.ofSeconds(150);

    private static final Pattern WHOLE = Pattern.compile("\\d+");

    private final Api api;
    private final What what;
    private final Function<JsonNode, T> reading;
    private final Listener<T> listener;
    private final Map<String, T> byName = new ConcurrentHashMap<>();
    private final CountDownLatch listed = new CountDownLatch(1);
    private volatile Sight sight = Sight.STARTING;
    private volatile boolean open = true;
    private volatile @Nullable InputStream watching;
    private volatile long lastLine = System.nanoTime();
    private volatile String version = "0";

    /**
     * @param path of the collection
     * @param query selectors, encoded, such as {@code labelSelector=a%3Db}; may be empty
     */
    public record What(String path, String query) {
        public static What labelled(String path, String selector) {
            return new What(path, "labelSelector=" + URLEncoder.encode(selector, StandardCharsets.UTF_8));
        }

        public static What fields(String path, String selector) {
            return new What(path, "fieldSelector=" + URLEncoder.encode(selector, StandardCharsets.UTF_8));
        }
    }

    /** How far what is in memory can be trusted. */
    public enum Sight {
        /** Not listed yet. */
        STARTING,
        IN_STEP,
        /** The server is silent or in trouble. */
        LOST,
        /** The server does not let us look. */
        FORBIDDEN
    }

    /** Told of every change, also of those found by listing; not to be held up. */
    @FunctionalInterface
    public interface Listener<T> {
        /** @param now empty when it is gone */
        void changed(Optional<T> before, Optional<T> now);
    }

    /** @param reading what is kept of an object, the less the better */
    public Reflector(Api api, What what, Function<JsonNode, T> reading, Listener<T> listener) {
        this.api = api;
        this.what = what;
        this.reading = reading;
        this.listener = listener;
        Thread.ofVirtual().name("watch" + what.path()).start(this::always);
    }

    public Sight sight() {
        long silent = System.nanoTime() - lastLine;
        if (sight == Sight.IN_STEP && silent > DEAD_AFTER.toNanos()) hangUp();
        return sight;
    }

    /** Waits for the first list, but not for long. */
    public void awaitFirst(Duration within) {
        try {
            boolean _ = listed.await(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public Optional<T> get(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /**
     * Whether what happened up to this version of an object of this kind is in memory. Versions are whole numbers that
     * grow (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); one that is none counts as reached.
     */
    public boolean reached(String change) {
        String here = version;
        if (!WHOLE.matcher(change).matches() || !WHOLE.matcher(here).matches()) return true;
        return new BigInteger(here).compareTo(new BigInteger(change)) >= 0;
    }

    public Collection<T> all() {
        return List.copyOf(byName.values());
    }

    private void always() {
        Duration pause = FIRST_PAUSE;
        while (open) {
            try {
                list();
                pause = FIRST_PAUSE;
                watchUntil(System.nanoTime() + api.settings().relist().toNanos());
            } catch (Unreachable silent) {
                say(Sight.LOST, String.valueOf(silent.getMessage()));
            } catch (Forbidden refused) {
                say(Sight.FORBIDDEN, String.valueOf(refused.getMessage()));
            } catch (RuntimeException trouble) {
                if (open) LOG.log(System.Logger.Level.ERROR, what.path() + " is listed again", trouble);
            }
            if (sight == Sight.IN_STEP) continue;
            listed.countDown();
            rest(pause);
            pause = Times.doubled(pause, LONGEST_PAUSE);
        }
    }

    private static final class Forbidden extends RuntimeException {
        private static final long serialVersionUID = 1;

        Forbidden(Reply.Refused refused) {
            super(refused.message());
        }
    }

    private void say(Sight next, String why) {
        if (open && sight != next) LOG.log(System.Logger.Level.WARNING, "{0} is out of sight: {1}", what.path(), why);
        sight = next;
    }

    private JsonNode ask(String query) {
        String and = what.query().isEmpty() || query.isEmpty() ? "" : "&";
        Reply reply = api.get(what.path() + "?" + what.query() + and + query);
        return switch (reply) {
            case Reply.Ok ok -> ok.body();
            case Reply.Refused refused when !refused.passing() -> throw new Forbidden(refused);
            case Reply.Refused refused -> throw refused.unreachable();
            case Reply.NotSent notSent -> throw notSent.unreachable();
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        };
    }

    private void list() {
        var gone = new HashSet<>(byName.keySet());
        String next = "";
        String listedAt;
        do {
            String from = next.isEmpty() ? "" : "&continue=" + URLEncoder.encode(next, StandardCharsets.UTF_8);
            JsonNode page = ask("limit=" + PAGE + from);
            for (JsonNode item : page.path("items")) {
                gone.remove(name(item));
                put(item);
            }
            listedAt = page.at("/metadata/resourceVersion").asString("");
            next = page.at("/metadata/continue").asString("");
        } while (!next.isEmpty());
        for (String name : gone) remove(name);
        version = listedAt;
        boolean back = sight == Sight.LOST || sight == Sight.FORBIDDEN;
        sight = Sight.IN_STEP;
        lastLine = System.nanoTime();
        listed.countDown();
        if (back) LOG.log(System.Logger.Level.INFO, "{0} is in sight again", what.path());
    }

    private void put(JsonNode item) {
        T now = reading.apply(item);
        @Nullable T before = byName.put(name(item), now);
        if (!now.equals(before)) listener.changed(Optional.ofNullable(before), Optional.of(now));
    }

    private void remove(String name) {
        @Nullable T before = byName.remove(name);
        if (before != null) listener.changed(Optional.of(before), Optional.empty());
    }

    private static String name(JsonNode item) {
        return item.at("/metadata/name").asString("");
    }

    /** Returns when it is time to list again. */
    private void watchUntil(long end) {
        Duration pause = FIRST_PAUSE;
        while (open && System.nanoTime() < end) {
            long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(end - System.nanoTime()));
            Reply.Opened opened = api.open(what.path() + "?" + what.query()
                    + (what.query().isEmpty() ? "" : "&")
                    + "watch=1&allowWatchBookmarks=true&timeoutSeconds=" + seconds + "&resourceVersion=" + version);
            switch (opened) {
                case Reply.Opened.Failed failed -> {
                    // Too long ago for the server to remember: what happened since is found by listing.
                    if (failed.why() instanceof Reply.Refused refused && refused.status() == 410) return;
                    throw failed.why().unreachable();
                }
                case Reply.Opened.Stream stream -> {
                    watching = stream.lines();
                    long began = System.nanoTime();
                    boolean lost = !followed(stream.lines());
                    if (lost) return;
                    // A server that closes at once is not to be asked a thousand times a second.
                    if (System.nanoTime() - began < FIRST_PAUSE.toNanos()) rest(pause);
                }
            }
        }
    }

    /** @return whether the watch can go on where it stopped */
    private boolean followed(InputStream stream) {
        try (var lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8), 1 << 15)) {
            String line;
            while (open && (line = lines.readLine()) != null) {
                lastLine = System.nanoTime();
                if (!line.isBlank() && !applied(Api.JSON.readTree(line))) return false;
            }
        } catch (IOException | JacksonException cut) {
            LOG.log(System.Logger.Level.DEBUG, "the watch of {0} is opened again: {1}", what.path(), cut.getMessage());
        }
        return true;
    }

    private boolean applied(JsonNode event) {
        JsonNode object = event.path("object");
        String type = event.path("type").asString("");
        if (type.equals("ERROR")) return false;
        if (type.equals("DELETED")) {
            // Its last state is worth telling before it is gone.
            put(object);
            remove(name(object));
        } else if (!type.equals("BOOKMARK")) put(object);
        version = object.at("/metadata/resourceVersion").asString(version);
        return true;
    }

    private void hangUp() {
        InputStream stream = watching;
        if (stream == null) return;
        lastLine = System.nanoTime();
        try {
            stream.close();
        } catch (IOException gone) {
            LOG.log(System.Logger.Level.DEBUG, "closing {0}: {1}", what.path(), gone.getMessage());
        }
    }

    private void rest(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            open = false;
        }
    }

    @Override
    public void close() {
        open = false;
        hangUp();
    }
}
