package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.JobId;
import java.util.List;

/** The history of each job. */
public interface Events {
    /** Events of a job behind a sequence number, in order. */
    List<Event> after(JobId job, long sequence, int limit);

    /** An event that is not a transition, such as a warning or a checkpoint. Ignored for a job that is not there. */
    void append(Event event);
}
