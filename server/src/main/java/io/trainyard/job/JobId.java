package io.trainyard.job;

import java.time.Instant;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** Our own id of a job: {@code job_} and a version 7 UUID, so that ids sort by creation. */
public record JobId(String value) implements Comparable<JobId> {
    public static final String PREFIX = "job_";

    public JobId {
        if (!value.startsWith(PREFIX)) throw new IllegalArgumentException("not a job id: " + value);
    }

    /** A new id; the caller hands in time and chance, so that tests are repeatable. */
    public static JobId create(Instant now, RandomGenerator random) {
        long high = (now.toEpochMilli() << 16) | 0x7000 | (random.nextLong() & 0x0FFF);
        long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new JobId(PREFIX + new UUID(high, low));
    }

    @Override
    public int compareTo(JobId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
