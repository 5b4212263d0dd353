package io.trainyard.reconciler;

import io.trainyard.job.Job;

/** Who gathers what attempts print. The reconciler says when there is something to gather and when it must be whole. */
public interface Output {
    /** The live attempt of this job is running; may be said at every look. */
    void follow(Job job);

    /** Returns when all that the ended attempt printed is stored: only then is the end written down. */
    void finish(Job job);

    /** The end is written down; what the backend still holds may go. */
    void release(Job job);
}
