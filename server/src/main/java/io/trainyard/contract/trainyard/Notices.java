package io.trainyard.contract.trainyard;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.store.Metrics;
import io.trainyard.webhook.Renderer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * What receivers of our own API are told: every event, as the API shows it, with the job as it stands when it is sent,
 * in the shape that Standard Webhooks proposes.
 */
public final class Notices implements Renderer {
    static final String HEARTBEAT = "heartbeat";
    private final Metrics metrics;
    private final InstantSource clock;

    public Notices(Metrics metrics, InstantSource clock) {
        this.metrics = metrics;
        this.clock = clock;
    }

    /** What a webhook's {@code events} may name. */
    static List<String> words() {
        var words = new ArrayList<String>();
        for (Event.Kind kind : Event.Kind.values()) words.add(word(kind));
        words.add(HEARTBEAT);
        return words;
    }

    private static String word(Event.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Optional<Message> event(Job job, Event event) {
        ObjectNode data = JobView.JSON.createObjectNode();
        data.set("event", JobView.of(event));
        return Optional.of(message(word(event.kind()), job, event.at(), data));
    }

    @Override
    public Message heartbeat(Job job, Instant now) {
        return message(HEARTBEAT, job, now, JobView.JSON.createObjectNode());
    }

    private Message message(String word, Job job, Instant at, ObjectNode data) {
        data.set("job", JobView.of(job, metrics.progress(job.id()), clock.instant()));
        ObjectNode body =
                JobView.JSON.createObjectNode().put("type", "job." + word).put("timestamp", JobView.time(at));
        body.set("data", data);
        return new Message(word, JobView.JSON.writeValueAsBytes(body));
    }
}
