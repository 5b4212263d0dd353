package io.trainyard.backend.warm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One parent: a process, what it says, and who was forked from it. */
final class Parent {
    /** Normally 30 ms. A parent that takes longer is ended; what it may yet have forked finds the place taken. */
    static final Duration ANSWERS_WITHIN = Duration.ofSeconds(3);

    private static final Duration LEAVES_WITHIN = Duration.ofSeconds(1);
    private static final JsonMapper JSON = new JsonMapper();

    /** What makes the parent fit: another one when it started would have imported something else. */
    final String imported;

    private final Process process;
    private final CompletableFuture<Ready> ready = new CompletableFuture<>();
    private final Map<Long, CompletableFuture<OptionalInt>> forks = new ConcurrentHashMap<>();
    private final ReentrantLock asking = new ReentrantLock();
    private volatile CompletableFuture<Fork> answer = new CompletableFuture<>();

    /** @param residentBytes as the kernel counts them, with what its children will share */
    record Ready(double seconds, long residentBytes) {}

    /** No fork came of it. */
    static final class NotForked extends Exception {
        private static final long serialVersionUID = 1;

        NotForked(String why) {
            super(why);
        }
    }

    Parent(Process process, String imported) {
        this.process = process;
        this.imported = imported;
        Thread.ofVirtual().name("warm parent " + process.pid()).start(this::listen);
    }

    long pid() {
        return process.pid();
    }

    boolean alive() {
        return process.isAlive();
    }

    /** Completed once it can fork; exceptionally when it never will. */
    CompletableFuture<Ready> ready() {
        return ready;
    }

    boolean canFork() {
        return alive() && ready.isDone() && !ready.isCompletedExceptionally();
    }

    Fork fork(Request request) throws NotForked {
        try {
            if (!asking.tryLock(ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS))
                throw new NotForked("others wait for it too");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotForked("interrupted");
        }
        try {
            var expected = new CompletableFuture<Fork>();
            answer = expected;
            if (!alive()) throw new NotForked("it is gone");
            // Not here: the pipe of a parent that hangs takes no more, and whoever writes hangs too.
            Thread.ofVirtual().name("request to warm parent " + pid()).start(() -> send(request, expected));
            return expected.get(ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof NotForked why ? why : new NotForked(e.toString());
        } catch (TimeoutException e) {
            end();
            throw new NotForked("it does not answer within " + ANSWERS_WITHIN.toSeconds() + " s and was ended");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotForked("interrupted");
        } finally {
            asking.unlock();
        }
    }

    private void send(Request request, CompletableFuture<Fork> expected) {
        try {
            OutputStream input = process.getOutputStream();
            input.write(request.line());
            input.flush();
        } catch (IOException e) {
            expected.completeExceptionally(new NotForked("it takes no requests: " + e.getMessage()));
        }
    }

    private void listen() {
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) hear(JSON.readTree(line));
        } catch (IOException | JacksonException e) {
            process.destroyForcibly();
        }
        var gone = new NotForked("it is gone");
        ready.completeExceptionally(gone);
        answer.completeExceptionally(gone);
        // Nobody says any more when they end, so each is watched.
        forks.forEach((pid, ended) -> watched(pid, ended));
    }

    private void hear(JsonNode said) {
        long pid = said.path("pid").asLong(0);
        String why = said.path("why").asString("");
        switch (said.path("said").asString("")) {
            case "ready" ->
                ready.complete(new Ready(
                        said.path("seconds").asDouble(0),
                        said.path("resident_bytes").asLong(0)));
            case "forked" -> {
                var ended = new CompletableFuture<OptionalInt>();
                forks.put(pid, ended);
                answer.complete(new Fork(pid, ended));
            }
            case "refused" -> answer.completeExceptionally(new NotForked(why));
            case "ended" ->
                Optional.ofNullable(forks.remove(pid)).ifPresent(ended -> ended.complete(status(said.path("status"))));
            case "failed" -> ready.completeExceptionally(new NotForked(why));
            default -> {} // a word of a later trainer
        }
    }

    private static OptionalInt status(JsonNode told) {
        return told.isInt() ? OptionalInt.of(told.asInt()) : OptionalInt.empty();
    }

    private static void watched(long pid, CompletableFuture<OptionalInt> ended) {
        var gone = ProcessHandle.of(pid).map(ProcessHandle::onExit);
        if (gone.isEmpty()) ended.complete(OptionalInt.empty());
        else {
            var _ = gone.get().thenRun(() -> ended.complete(OptionalInt.empty()));
        }
    }

    void end() {
        process.destroyForcibly();
    }

    /** By the end of its input; what it has forked lives on. */
    void leave() {
        try {
            if (!canFork()) end();
            else process.getOutputStream().close();
            if (!process.waitFor(LEAVES_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) end();
        } catch (IOException e) {
            end();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end();
        }
    }
}
