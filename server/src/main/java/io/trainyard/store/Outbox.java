package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What has to be told to whom: every event of a job once for each of its webhooks, in the transaction of that event.
 * Which of them a receiver wants is for the webhook room to say. A webhook is known by its place in the job's spec.
 */
public interface Outbox {
    /** So many tries are remembered of each job. */
    int KEPT_TRIES = 100;

    /** @param tries failed ones so far */
    record Delivery(long id, JobId job, int webhook, Event event, int tries, Instant due) {}

    /** What came of a try. */
    enum Result {
        DELIVERED,
        /** It is tried again. */
        FAILED,
        /** The receiver will never take this one; the next goes on. */
        REFUSED,
        /** Too old to be tried again; the next goes on. */
        EXPIRED,
        /** The receiver wants nothing more: the webhook is off. */
        GONE
    }

    /**
     * One try to tell a receiver.
     *
     * @param sequence of the event; 0 for a heartbeat, which has no kind
     * @param number counts the tries of this event from 1
     * @param status of the answer, where there was one
     * @param detail why it failed; empty when it did not
     */
    record Try(
            int webhook,
            long sequence,
            Optional<Event.Kind> kind,
            int number,
            Instant at,
            Duration took,
            Optional<Integer> status,
            Result result,
            String detail) {}

    /** @param id counts up over all jobs */
    record LoggedTry(long id, Try made) {}

    /** @param waiting how many events are still to be told */
    record Standing(boolean on, long waiting) {}

    /** Deliveries whose moment has come, the oldest of each webhook of a job only, so that their order is kept. */
    List<Delivery> due(Instant now, int limit);

    /** The earliest moment after now at which a delivery becomes due. */
    Optional<Instant> nextDue(Instant now);

    /** The oldest delivery of each webhook of a job, due or not. */
    List<Delivery> heads(JobId job);

    /** Jobs that run and have a webhook that is on. */
    List<JobId> running();

    /** It needs no more telling. Without effect, like all that follows, once it is gone. */
    void settled(long id, Optional<Try> made);

    void retryAt(long id, Instant due, Try made);

    /** Turns a webhook off and gives up on all that is left for it: the receiver is gone. */
    void disable(JobId job, Try made);

    /** Remembers a try that was for no delivery: a heartbeat. */
    void log(JobId job, Try made);

    /** The last tries of a job, newest first. */
    List<LoggedTry> tries(JobId job, int limit);

    Standing standing(JobId job, int webhook);

    /**
     * Tells the event of a logged try once more, after all that waits, or now if it is waiting itself. Turns its webhook
     * on again.
     *
     * @return false when there is no such try of that job, or it was a heartbeat
     */
    boolean replay(JobId job, long loggedTry, Instant now);
}
