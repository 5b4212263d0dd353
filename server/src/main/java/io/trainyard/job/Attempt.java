package io.trainyard.job;

/** One try at a job on one backend. Whatever a backend creates is found again by (job, number). */
public record Attempt(JobId job, int number, String backend, Grant grant) {
    public Attempt {
        if (number < 1) throw new IllegalArgumentException("attempts count from 1, not " + number);
    }

    @Override
    public String toString() {
        return job + "/" + number;
    }
}
