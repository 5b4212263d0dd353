package io.trainyard.webhook;

import io.trainyard.webhook.Receiver.Answer;
import io.trainyard.webhook.Receiver.Told;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** A receiver with the rules of the training studio: which job, whose token, which words. */
public final class Studio implements AutoCloseable {
    private static final Set<String> WORDS = Set.of("queued", "running", "succeeded", "failed", "cancelled");
    private static final String PATH = "/api/training/webhooks/";

    public final Receiver receiver = Receiver.answering(this::answer);
    /** Tokens by job. */
    private final Map<String, String> jobs = new ConcurrentHashMap<>();
    /** The last status of each job. */
    private final Map<String, String> statuses = new ConcurrentHashMap<>();

    private final Map<String, Integer> refused = new ConcurrentHashMap<>();

    /** @return the URL and the token of its callbacks */
    public String expect(String job, String token) {
        jobs.put(job, token);
        return receiver.url(PATH + job);
    }

    private Answer answer(Told told) {
        Answer answer = judged(told);
        if (answer.status() != 200) refused.merge(answer.status() + " " + told.path(), 1, Integer::sum);
        return answer;
    }

    private Answer judged(Told told) {
        String header = told.header("x-cluster-token").isEmpty()
                ? told.header("authorization")
                : told.header("x-cluster-token");
        String token = header.startsWith("Bearer ") ? header.substring("Bearer ".length()) : header;
        if (token.isEmpty()) return Answer.of(401);
        String job = told.path().substring(Math.min(PATH.length(), told.path().length()));
        String expected = jobs.get(job);
        if (expected == null) return Answer.of(404);
        if (!expected.equals(token)) return Answer.of(403);
        try {
            JsonNode body = told.json();
            JsonNode status = body.path("status");
            boolean wellFormed = status.isString()
                    && WORDS.contains(status.stringValue())
                    && (!body.has("log") || body.get("log").isString());
            if (!wellFormed) return new Answer(400, "{\"error\":\"Invalid body\"}", Map.of());
            statuses.put(job, status.stringValue());
            return new Answer(200, "{\"id\":\"" + job + "\"}", Map.of());
        } catch (JacksonException notJson) {
            return Answer.of(400);
        }
    }

    public String status(String job) {
        return statuses.getOrDefault(job, "");
    }

    /** How often it refused what, by status and path. */
    public Map<String, Integer> refused() {
        return Map.copyOf(refused);
    }

    @Override
    public void close() {
        receiver.close();
    }
}
