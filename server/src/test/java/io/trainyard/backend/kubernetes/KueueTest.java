package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.ClusterProcess;
import io.trainyard.cluster.RealCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: queues of Kueue's own controllers. That it knows TrainJobs, as its later releases do, is said in cluster/. */
@RealCluster
class KueueTest {
    @TempDir
    Path home;

    private KueueObjects kueue;

    @BeforeEach
    void open(Cluster cluster) {
        kueue = new KueueObjects(cluster);
    }

    private OnCluster on(Cluster cluster, String... further) {
        return new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput(further));
    }

    private ObjectNode job(OnCluster on, Kind kind, String queue, String runFor) {
        ObjectNode job = on.scripted(kind, "run-for", runFor);
        kueue.openTo(queue, job.at("/placement/namespace").asString(on.namespace()));
        job.withObject("/resources").put("gpus", 1);
        job.withObject("/placement").put("queue", queue);
        return job;
    }

    private String submit(OnCluster on, Kind kind, String queue, String runFor) {
        return on.submit(job(on, kind, queue, runFor));
    }

    private static JsonNode waits(OnCluster on, String id, String said) {
        return on.server().await(id, job -> {
            JsonNode reason = job.path("reason");
            return reason.path("kind").asString("").equals("queue")
                    && reason.path("sentence").asString("").contains(said);
        });
    }

    @ParameterizedTest
    @EnumSource
    void a_queued_job_knows_its_place_and_why_it_waits_and_runs_when_there_is_room(Kind kind, Cluster cluster) {
        String queue = kueue.queue("line-of-" + kind.plural, 1);
        try (var on = on(cluster)) {
            String first = submit(on, kind, queue, "60s");
            on.await(first, "running");
            String second = submit(on, kind, queue, "1s");
            waits(on, second, "position 1 in queue " + queue);
            // Whole seconds are all that Kueue orders by, of its own workload: that is there, since it has a place.
            Instant there = Instant.now();
            Cluster.until("a second has passed", () -> Instant.now().isAfter(there.plusSeconds(1)));
            String third = submit(on, kind, queue, "1s");
            JsonNode waiting = waits(on, third, "position 2 in queue " + queue);
            assertTrue(waiting.toString().contains("insufficient unused quota for nvidia.com/gpu"), waiting.toString());
            assertTrue(on.pods(kind, third).isEmpty());
            on.cancelled(third);
            on.cancel(first);
            on.await(second, "succeeded");
        }
    }

    @Test
    void jobs_that_name_no_queue_go_into_the_operator_s(Cluster cluster) {
        String queue = kueue.queue("everybody", 8);
        try (var on = on(cluster, "TRAINYARD_KUBERNETES_QUEUE", queue)) {
            String id = on.submit(on.scripted(Kind.JOB, "run-for", "60s"));
            on.await(id, "running");
            Job made = on.jobs(id).getFirst();
            assertEquals(queue, made.getMetadata().getLabels().get("kueue.x-k8s.io/queue-name"));
            assertFalse(made.getSpec().getSuspend());
            on.cancelled(id);
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_whose_machines_are_taken_back_waits_again_and_begins_anew(Kind kind, Cluster cluster) {
        String queue = kueue.queue("taken-from-" + kind.plural, 1);
        kueue.priority("urgent", 1000);
        try (var on = on(cluster)) {
            String first = submit(on, kind, queue, "10s");
            on.await(first, "running");
            ObjectNode important = job(on, kind, queue, "1s");
            important.putObject("labels").put("kueue.x-k8s.io/priority-class", "urgent");
            String second = on.submit(important);
            JsonNode put = waits(on, first, "put back into queue " + queue);
            assertEquals("launching", put.path("state").asString(), put.toString());
            assertTrue(put.toString().contains("Preempted to accommodate a workload"), put.toString());
            on.await(second, "succeeded");
            JsonNode again = on.await(first, "running");
            assertEquals(1, again.path("attempt").asInt(), again.toString());
            on.await(first, "succeeded");
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_that_a_person_deactivates_waits_for_that_person(Kind kind, Cluster cluster) {
        String queue = kueue.queue("held-" + kind.plural, 1);
        // A second: whoever is held back by a person does not fail of it.
        try (var on = on(cluster, "TRAINYARD_KUBERNETES_WAIT_DEACTIVATED_SECONDS", "1")) {
            String id = submit(on, kind, queue, "10s");
            on.await(id, "running");
            kueue.activate(on.objects(kind, id).getFirst(), false);
            JsonNode held = waits(on, id, "somebody has deactivated workload");
            assertEquals("launching", held.path("state").asString(), held.toString());
            Instant since = Instant.now();
            Cluster.until("some seconds have passed", () -> Instant.now().isAfter(since.plusSeconds(3)));
            assertEquals("launching", on.state(id));
            kueue.activate(on.objects(kind, id).getFirst(), true);
            JsonNode done = on.await(id, "succeeded");
            assertEquals(1, done.path("attempts").size(), done.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_that_a_check_of_its_queue_rejects_has_failed_when_nobody_takes_that_back(Kind kind, Cluster cluster) {
        String queue = kueue.queueWithCheck("checked-" + kind.plural, 1);
        try (var on = on(cluster, "TRAINYARD_KUBERNETES_WAIT_DEACTIVATED_SECONDS", "4")) {
            String id = submit(on, kind, queue, "1s");
            waits(on, id, "waiting for its checks: " + queue);
            kueue.reject(on.objects(kind, id).getFirst(), "no budget is left");
            waits(on, id, "given up by queue " + queue);
            JsonNode failed = on.await(id, "failed");
            assertEquals("refused", failed.path("cause").asString(), failed.toString());
            assertTrue(failed.toString().contains("were rejected"), failed.toString());
            Cluster.until("it is removed", () -> on.objects(kind, id).isEmpty());
        }
    }

    /** Scripted: that the limit is reached is a condition which we write; all that follows is Kueue's. */
    @ParameterizedTest
    @EnumSource
    void a_job_that_kueue_has_put_back_too_often_has_failed_when_nobody_activates_it_again(Kind kind, Cluster cluster) {
        String queue = kueue.queue("too-often-" + kind.plural, 1);
        try (var on = on(cluster, "TRAINYARD_KUBERNETES_WAIT_DEACTIVATED_SECONDS", "4")) {
            String id = submit(on, kind, queue, "60s");
            on.await(id, "running");
            kueue.limitExceeded(on.objects(kind, id).getFirst());
            waits(on, id, "exceeding the maximum number of re-queuing retries");
            JsonNode failed = on.await(id, "failed");
            assertEquals("unschedulable", failed.path("cause").asString(), failed.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_that_used_up_the_time_its_queue_gives_it_has_failed(Kind kind, Cluster cluster) {
        String queue = kueue.queue("timed-" + kind.plural, 1);
        try (var on = on(cluster)) {
            ObjectNode job = job(on, kind, queue, "60s");
            job.putObject("labels").put("kueue.x-k8s.io/max-exec-time-seconds", "2");
            JsonNode failed = on.await(on.submit(job), "failed");
            assertEquals("deadline", failed.path("cause").asString(), failed.toString());
            assertTrue(failed.toString().contains("exceeding the maximum execution time"), failed.toString());
        }
    }

    @Test
    void a_queue_whose_label_nobody_honours_is_the_reason_while_the_job_starts() throws IOException {
        try (var process = ClusterProcess.without("kueue");
                var bare = process.forClass(KueueTest.class)) {
            String queue = new KueueObjects(bare).queue("team-c", 1);
            try (var on = on(bare)) {
                ObjectNode slow = on.scripted(Kind.JOB, "start-after", "5s");
                slow.withObject("/placement").put("queue", queue);
                String id = on.submit(slow);
                on.server()
                        .await(
                                id,
                                each -> each.at("/reason/sentence").asString("").contains("it is not in queue team-c"));
                on.await(id, "succeeded");
            }
        }
    }
}
