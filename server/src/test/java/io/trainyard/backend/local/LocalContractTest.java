package io.trainyard.backend.local;

import io.trainyard.backend.Backend;
import io.trainyard.backend.BackendContractTest;
import io.trainyard.job.Attempt;
import io.trainyard.spec.JobSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the reconciler relies on, with real processes. */
@EnabledOnOs(OS.LINUX)
class LocalContractTest extends BackendContractTest {
    @TempDir
    Path folder;

    private LocalWorld world;

    @BeforeEach
    void open() {
        world = new LocalWorld(folder);
    }

    /** What a test leaves running would write into a folder that is being deleted. */
    @AfterEach
    void end() {
        sign("all");
        world.rest();
    }

    private void sign(String whom) {
        try {
            Files.createFile(folder.resolve(whom + ".end"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected Backend started() {
        world.restart();
        return world.backend;
    }

    /** It notes that it was started, and goes on until it is given a sign. */
    @Override
    protected JobSpec spec() {
        return LocalWorld.spec(LocalWorld.shell("""
                cd '%s'; echo started >> "$TRAINYARD_JOB_ID.$TRAINYARD_ATTEMPT"; echo step 1: größer; echo step 2
                until [ -e "$TRAINYARD_JOB_ID.end" -o -e all.end ]; do sleep 0.05; done
                """.formatted(folder)));
    }

    @Override
    protected void run(Attempt attempt) {
        var _ = world.lines(attempt, 2);
    }

    @Override
    protected void succeed(Attempt attempt) {
        sign(attempt.job().value());
    }

    @Override
    protected void settle() {
        world.rest();
    }

    @Override
    protected int things(Attempt attempt) {
        run(attempt);
        String name = attempt.job().value() + "." + attempt.number();
        return Math.toIntExact(LocalWorld.text(folder.resolve(name)).lines().count());
    }
}
