package io.trainyard.backend.vertex;

import io.trainyard.backend.Launch;
import io.trainyard.job.Attempt;
import io.trainyard.job.Grant;
import io.trainyard.job.Handle;
import io.trainyard.job.JobId;
import io.trainyard.job.SomeJob;
import io.trainyard.spec.JobSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import tools.jackson.databind.node.ObjectNode;

/** The backend on a clock of its own beside the fake service. */
final class VertexWorld implements AutoCloseable {
    static final Duration POLL = Duration.ofHours(1);
    static final Duration SETTLE = Duration.ofSeconds(20);
    private static long seeds;

    final FakeVertex service = FakeVertex.start();
    final ConcurrentLinkedQueue<JobId> woken = new ConcurrentLinkedQueue<>();
    private final Path folder;
    private final Path credentials;
    private final List<VertexBackend> open = new ArrayList<>();
    private Instant now = SomeJob.NOON;

    VertexWorld(Path folder) {
        this.folder = folder;
        this.credentials = service.credentials(folder);
    }

    Instant now() {
        return now;
    }

    void pass(Duration time) {
        now = now.plus(time);
        service.at(now);
    }

    /** Looks of its own are an hour apart, so that only the test's are seen. */
    VertexBackend backend() {
        return backend(settings(folder, service.address(), credentials, true));
    }

    VertexBackend backend(VertexSettings settings) {
        var backend = new VertexBackend(settings, this::now, woken::add);
        open.add(backend);
        return backend;
    }

    /** One that no create of an earlier server can surprise any more. */
    VertexBackend settled() {
        var backend = backend();
        pass(CustomJobs.SETTLES_WITHIN);
        return backend;
    }

    VertexSettings settings(boolean submit) {
        return settings(folder, service.address(), credentials, submit);
    }

    static VertexSettings settings(Path folder, String address, Path credentials, boolean submit) {
        return new VertexSettings(
                folder,
                new VertexSettings.Project(
                        Optional.of(FakeVertex.PROJECT), FakeVertex.REGION, Optional.empty(), Optional.empty()),
                new VertexSettings.Defaults(
                        Optional.of("gcr.io/p/trainer:1"), "a2-highgpu-1g", "NVIDIA_TESLA_A100", 1, 1, Map.of()),
                new VertexSettings.Access(address, address, Optional.of(credentials), POLL, SETTLE, false),
                submit);
    }

    static Attempt attempt() {
        return new Attempt(
                JobId.create(SomeJob.NOON, new SplittableRandom(++seeds)), 1, VertexBackend.NAME, Grant.NOTHING);
    }

    static JobSpec spec() {
        return SomeJob.PLAIN.spec();
    }

    static Launch launch(Attempt attempt) {
        return new Launch(attempt, spec(), attempt.job().value(), Map.of(), Optional.empty());
    }

    static Handle handle(ObjectNode job) {
        return CustomJobs.handle(job);
    }

    @Override
    public void close() {
        open.forEach(VertexBackend::close);
        service.close();
    }
}
