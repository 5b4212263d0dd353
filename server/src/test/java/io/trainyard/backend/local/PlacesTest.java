package io.trainyard.backend.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.trainyard.backend.Places.Place;
import io.trainyard.backend.local.LocalSettings.Limits;
import io.trainyard.backend.local.LocalSettings.Script;
import io.trainyard.job.Job;
import io.trainyard.job.SomeJob;
import io.trainyard.spec.Artifacts;
import io.trainyard.spec.JobSpec;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Into which folders of a job this server looks. */
class PlacesTest {
    private static final Path HOME = Path.of("/srv/yard");
    private final Job job = SomeJob.PLAIN.queued();

    private Place outputs(boolean allowCommands, Optional<String> named) {
        var settings = new LocalSettings(
                HOME, HOME, Optional::empty, Limits.DETECTED, allowCommands, Script.OURS, List.of(), Set.of());
        var backend = new LocalBackend(settings, _ -> {}, () -> Instant.EPOCH);
        return backend.places(job.id(), "run", spec(named)).outputs().orElseThrow();
    }

    private JobSpec spec(Optional<String> output) {
        JobSpec spec = job.spec();
        return new JobSpec(
                spec.name(),
                spec.framework(),
                spec.model(),
                spec.datasets(),
                spec.method(),
                spec.hyperparameters(),
                spec.resources(),
                new Artifacts(output, Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                spec.container(),
                spec.labels(),
                spec.annotations(),
                spec.webhooks(),
                spec.placement(),
                spec.policy(),
                spec.extra());
    }

    @Test
    void the_folder_that_we_chose_is_ours_to_look_into() {
        Path own = HOME.resolve("jobs").resolve(job.id().value()).resolve("output");
        for (boolean allowed : List.of(true, false))
            assertEquals(new Place(own.toString(), Optional.of(own)), outputs(allowed, Optional.empty()));
    }

    @Test
    void a_folder_that_a_job_names_is_looked_into_only_where_jobs_may_run_commands() {
        assertEquals(new Place("/etc", Optional.empty()), outputs(false, Optional.of("/etc")));
        assertEquals(new Place("file:///etc", Optional.empty()), outputs(false, Optional.of("file:///etc")));
        assertEquals(
                Optional.of(Path.of("/out/x")),
                outputs(true, Optional.of("file:///out/y/../x")).folder());
        for (String elsewhere : List.of("s3://b/out", "out", "../out", "file://host/out", "/a\0b"))
            assertEquals(Optional.empty(), outputs(true, Optional.of(elsewhere)).folder(), elsewhere);
    }
}
