package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import java.time.Instant;
import java.util.List;

/**
 * What has to be told to whom: every event of a job whose spec has webhooks, in the transaction of that event. Which of
 * them a receiver wants is for the webhook room to say.
 */
public interface Outbox {
    /** @param tries failed deliveries so far */
    record Delivery(long id, JobId job, Event event, int tries, Instant due) {}

    /** Deliveries whose moment has come, the oldest of each job only, so that a job's order is kept. */
    List<Delivery> due(Instant now, int limit);

    void delivered(long id);

    void retryAt(long id, Instant due);

    /** Gives up on all that is left for this job: the receiver is gone. */
    void abandon(JobId job);
}
