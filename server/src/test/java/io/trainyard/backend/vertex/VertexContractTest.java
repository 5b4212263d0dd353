package io.trainyard.backend.vertex;

import io.trainyard.backend.Backend;
import io.trainyard.backend.BackendContractTest;
import io.trainyard.job.Attempt;
import io.trainyard.spec.JobSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class VertexContractTest extends BackendContractTest {
    @TempDir
    Path folder;

    private VertexWorld world;

    @BeforeEach
    void open() {
        world = new VertexWorld(folder);
    }

    @AfterEach
    void close() {
        if (world != null) world.close();
    }

    @Override
    protected Backend started() {
        return world.settled();
    }

    @Override
    protected JobSpec spec() {
        return VertexWorld.spec();
    }

    private List<ObjectNode> of(Attempt attempt) {
        return world.service.jobs().stream()
                .filter(job -> job.at("/labels/" + Labels.ATTEMPT).asString("").equals(Labels.attemptValue(attempt)))
                .toList();
    }

    @Override
    protected void run(Attempt attempt) {
        ObjectNode job = of(attempt).getFirst();
        world.service.state(job, "JOB_STATE_RUNNING");
        world.service.print(job, "step 1: größer");
        world.pass(Duration.ofSeconds(3));
        world.service.print(job, "step 2");
    }

    @Override
    protected void succeed(Attempt attempt) {
        world.service.state(of(attempt).getFirst(), "JOB_STATE_SUCCEEDED");
    }

    @Override
    protected void settle() {
        for (ObjectNode job : world.service.jobs())
            if (States.state(job).equals("JOB_STATE_CANCELLING")) world.service.state(job, "JOB_STATE_CANCELLED");
        world.pass(VertexWorld.SETTLE.plusSeconds(1));
    }

    @Override
    protected int things(Attempt attempt) {
        return of(attempt).size();
    }
}
