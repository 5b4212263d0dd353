package io.trainyard.reconciler;

import io.trainyard.job.Attempt;
import io.trainyard.job.JobId;

/** By what an attempt is found again, whatever backend has it. */
record AttemptKey(JobId job, int number) {
    static AttemptKey of(Attempt attempt) {
        return new AttemptKey(attempt.job(), attempt.number());
    }
}
