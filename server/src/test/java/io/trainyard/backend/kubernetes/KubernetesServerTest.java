package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: the whole server, real controllers, and pods that are processes of this machine. */
@RealCluster
class KubernetesServerTest {
    @TempDir
    Path home;

    @Test
    void a_killed_process_says_by_which_signal(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String segv = on.submit(Kind.JOB.shell("exit 139"));
            String kill = on.submit(Kind.JOB.shell("sh -c 'kill -9 $$'; exit $?"));
            assertTrue(on.await(segv, "failed").toString().contains("signal 11 (SIGSEGV)"));
            assertTrue(on.await(kill, "failed").toString().contains("killed (SIGKILL), not for its memory limit"));
        }
    }

    @Test
    void a_job_that_waits_for_room_says_so_and_can_be_cancelled(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace())) {
            ObjectNode job = Kind.JOB.shell("true");
            job.withObject("/resources").put("gpus", 99);
            String id = on.submit(job);
            JsonNode waiting = on.awaitReason(id, "no_capacity");
            assertTrue(waiting.toString().contains("Insufficient nvidia.com/gpu"), waiting.toString());
            on.cancelled(id);
        }
    }

    /** The least that the cluster takes, and held back, so that nothing of it changes. */
    private static String foreign(Kind kind) {
        return switch (kind) {
            case JOB -> """
                {"suspend": true, "template": {"spec": {"restartPolicy": "Never",
                 "containers": [{"name": "main", "image": "other:1"}]}}}""";
            case PYTORCH_JOB -> """
                {"runPolicy": {"suspend": true}, "pytorchReplicaSpecs": {"Master": {"replicas": 1,
                 "template": {"spec": {"containers": [{"name": "pytorch", "image": "other:1"}]}}}}}""";
            case TRAIN_JOB -> "{\"suspend\": true, \"runtimeRef\": {\"name\": \"hf-unsloth-runtime\"}}";
        };
    }

    @ParameterizedTest
    @EnumSource
    void a_foreign_object_of_our_name_is_left_alone(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace(), "K8S_APPLY", "1")) {
            var foreign = cluster.client()
                    .resource("""
                            {"apiVersion": "%s", "kind": "%s", "metadata": {"name": "nightly", "namespace": "%s"}, "spec": %s}
                            """.formatted(kind.apiVersion, kind.word, on.namespace(), foreign(kind)))
                    .create();
            ObjectNode job = kind.shell("true");
            job.put("name", "nightly").putObject("labels").put("trainyard/name", "nightly");
            String id = on.submit(job);
            JsonNode failed = on.await(id, "failed");
            assertTrue(
                    failed.toString().contains("named \\\"nightly\\\" that is not of this attempt"), failed.toString());
            on.server().delete("/api/v1/jobs/" + id);
            var after = cluster.client().resource(foreign).get().getMetadata();
            assertEquals(foreign.getMetadata().getUid(), after.getUid());
            assertEquals(null, after.getDeletionTimestamp());
            assertTrue(after.getLabels() == null || !after.getLabels().containsKey(OnCluster.JOB), after.toString());
            assertTrue(on.pods(kind, id).isEmpty());
        }
    }

    @Test
    void where_nobody_answers_at_submit_the_next_place_is_taken(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, Rights.nobody(home, "https://127.0.0.1:1"), "default")) {
            ObjectNode job = Kind.JOB.shell("echo here");
            job.withObject("/placement")
                    .put("fallback", true)
                    .putArray("backends")
                    .add("kubernetes")
                    .add("local");
            String id = on.submit(job);
            JsonNode done = on.await(id, "succeeded");
            assertEquals("local", done.path("backend").asString(), done.toString());
        }
    }

    @Test
    void an_image_that_cannot_be_pulled_says_which_and_fails_in_the_end(Cluster cluster) {
        try (var on =
                new OnCluster(home, cluster, cluster.hostNamespace(), "TRAINYARD_KUBERNETES_WAIT_IMAGE_SECONDS", "3")) {
            ObjectNode job = Kind.JOB.shell("true");
            job.withObject("/container").put("image", "missing/trainer:1");
            String id = on.submit(job);
            JsonNode waiting = on.awaitReason(id, "image_pull");
            assertTrue(waiting.toString().contains("cannot pull image missing/trainer:1"), waiting.toString());
            JsonNode failed = on.await(id, "failed");
            assertEquals("image", failed.path("cause").asString(), failed.toString());
            Cluster.until("its Job is removed", () -> on.jobs(id).isEmpty());
        }
    }

    @Test
    void what_was_given_up_is_removed_though_finished_jobs_stay(Cluster cluster) {
        try (var on = new OnCluster(
                home,
                cluster,
                cluster.hostNamespace(),
                "TRAINYARD_KUBERNETES_WAIT_IMAGE_SECONDS",
                "3",
                "K8S_TTL_SECONDS_AFTER_FINISHED",
                "3600")) {
            ObjectNode bad = Kind.JOB.shell("true");
            bad.withObject("/container").put("image", "missing/trainer:1");
            String givenUp = on.submit(bad);
            String finished = on.submit(Kind.JOB.shell("true"));
            on.await(finished, "succeeded");
            on.await(givenUp, "failed");
            // It would pull its image one day and run, and nobody would know.
            Cluster.until("its Job is removed", () -> on.jobs(givenUp).isEmpty());
            assertEquals(1, on.jobs(finished).size());
            cluster.client().resourceList(on.jobs(finished)).delete();
        }
    }

    @Test
    void what_the_cluster_would_refuse_is_refused_at_the_door(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace())) {
            ObjectNode nowhere = Kind.JOB.shell("true");
            nowhere.withObject("/placement").put("namespace", "nowhere");
            var reply = on.server().create(nowhere.toString());
            assertEquals(422, reply.status(), reply.text());
            assertTrue(
                    reply.text().contains("placement.namespace: \\\"nowhere\\\" is not there, or this server may not"),
                    reply.text());
            ObjectNode queued = Kind.JOB.shell("true");
            queued.withObject("/placement").put("queue", "team-z");
            var noQueue = on.server().create(queued.toString());
            assertEquals(422, noQueue.status(), noQueue.text());
            assertTrue(noQueue.text().contains("is no LocalQueue of namespace"), noQueue.text());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_dry_run_is_judged_by_the_cluster_and_creates_nothing(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace(), "K8S_APPLY", "dry-run")) {
            String id = on.submit(kind.shell("true"));
            JsonNode rendered = on.await(id, "rendered");
            String manifest = rendered.path("manifest").asString("");
            assertTrue(manifest.contains(kind.word) && manifest.contains("/dev/shm"), rendered.toString());
            assertTrue(on.objects(kind, id).isEmpty());
            ObjectNode nowhere = kind.shell("true");
            nowhere.withObject("/placement").put("namespace", "nowhere");
            var refused = on.server().create(nowhere.toString());
            assertEquals(422, refused.status(), refused.text());
        }
    }

    @Test
    void a_job_whose_time_is_up_on_the_cluster_says_so(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(Kind.JOB.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
            on.await(id, "running");
            Job job = on.jobs(id).getFirst();
            cluster.client().resource(job).edit(it -> {
                it.getSpec().setActiveDeadlineSeconds(1L);
                return it;
            });
            JsonNode failed = on.await(id, "failed");
            assertEquals("deadline", failed.at("/cause").asString(), failed.toString());
        }
    }
}
