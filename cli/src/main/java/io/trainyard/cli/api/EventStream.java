package io.trainyard.cli.api;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Reads server-sent events to their end, over lost connections: each new one goes on after the last id seen. */
public final class EventStream {
    private final Api api;
    private final Query query;
    private String lastId = "";
    private boolean heard;

    public EventStream(Api api, Query query) {
        this.api = api;
        this.query = query;
    }

    /** One event; {@code kind} is "message" unless the server named one. */
    public record Message(String kind, String data) {}

    public interface Listener {
        /** @return true when this was the last one */
        boolean message(Message message);

        /** The connection is lost; we go on trying. */
        default void trouble(String sentence) {}
    }

    /** Returns when the listener has had enough. */
    public void follow(Listener listener) {
        Duration wait = api.pace().retry();
        long reachable = System.nanoTime();
        while (true) {
            heard = false;
            OutOfReach trouble = null;
            try (var reader =
                    new BufferedReader(new InputStreamReader(api.open(query, lastId), StandardCharsets.UTF_8))) {
                reachable = System.nanoTime();
                if (readAll(reader, listener)) return;
            } catch (IOException lost) {
                if (heard) reachable = System.nanoTime();
                trouble = api.outOfReach(lost);
            } catch (OutOfReach broken) {
                trouble = broken;
            }
            if (trouble != null) {
                boolean tooLong =
                        System.nanoTime() - reachable > api.pace().giveUp().toNanos();
                if (tooLong || Thread.currentThread().isInterrupted()) throw trouble;
                listener.trouble(String.valueOf(trouble.getMessage()));
            }
            if (heard) wait = api.pace().retry();
            Pace.rest(wait);
            wait = api.pace().slower(wait);
        }
    }

    private boolean readAll(BufferedReader reader, Listener listener) throws IOException {
        var data = new StringBuilder();
        String kind = "message";
        String id = "";
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (line.isEmpty()) {
                boolean complete = !data.isEmpty() || !kind.equals("message");
                if (!id.isEmpty()) lastId = id;
                if (complete) {
                    heard = true;
                    if (listener.message(new Message(kind, data.toString()))) return true;
                }
                data.setLength(0);
                kind = "message";
                id = "";
                continue;
            }
            int colon = line.indexOf(':');
            String field = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            if (value.startsWith(" ")) value = value.substring(1);
            switch (field) {
                case "data" -> data.append(data.isEmpty() ? "" : "\n").append(value);
                case "event" -> kind = value;
                case "id" -> id = value;
                default -> {} // comments keep the connection warm; "retry" is ours to decide
            }
        }
        return false;
    }
}
