package io.trainyard.store;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.Progress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One job in a {@link MemoryStore} with all that belongs to it; guarded by the store's lock. */
final class MemoryJob {
    final long arrival;
    final byte[] fingerprint;
    final Map<String, byte[]> secrets;
    Job job;
    final List<Event> events = new ArrayList<>();
    final List<Jobs.AttemptRecord> attempts = new ArrayList<>();
    /** Oldest first, over all webhooks. */
    final List<Outbox.Delivery> outbox = new ArrayList<>();

    /** Newest last. */
    final List<Outbox.LoggedTry> tries = new ArrayList<>();

    /** One bit for each webhook that is on. */
    long webhooks;

    final Map<String, TreeMap<Integer, List<Metrics.Point>>> series = new TreeMap<>();
    Optional<Progress> progress = Optional.empty();
    final List<Logs.Line> lines = new ArrayList<>();
    final Map<Logs.Source, Long> positions = new HashMap<>();

    MemoryJob(long arrival, Job job, byte[] fingerprint, Map<String, byte[]> secrets) {
        this.arrival = arrival;
        this.job = job;
        this.webhooks = SqliteOutbox.all(job);
        this.fingerprint = fingerprint.clone();
        this.secrets = Map.copyOf(secrets);
    }
}
