package io.trainyard.webhook;

import io.trainyard.job.JobId;

/**
 * One receiver of one job: the unit of order.
 *
 * @param webhook its place in the job's spec
 */
record Subscription(JobId job, int webhook) implements Comparable<Subscription> {
    @Override
    public int compareTo(Subscription other) {
        int byJob = job.compareTo(other.job);
        return byJob != 0 ? byJob : Integer.compare(webhook, other.webhook);
    }
}
