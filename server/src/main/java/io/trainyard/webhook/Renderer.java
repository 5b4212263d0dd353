package io.trainyard.webhook;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import java.time.Instant;
import java.util.Optional;

/** Writes what a contract's receivers are told, in the words of that contract. */
public interface Renderer {
    /**
     * @param word what the choice of a webhook goes by
     * @param body JSON
     */
    record Message(String word, byte[] body) {}

    /** Empty where the event is no news to this contract's receivers. */
    Optional<Message> event(Job job, Event event);

    /** How a running job stands now. */
    Message heartbeat(Job job, Instant now);
}
