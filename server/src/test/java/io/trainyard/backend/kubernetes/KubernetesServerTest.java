package io.trainyard.backend.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: the whole server, real controllers, and pods that are processes of this machine. */
@RealCluster
class KubernetesServerTest {
    @TempDir
    Path home;

    private static final String FOR_EVER = "echo begun; trap 'echo saving; exit 9' TERM; while :; do sleep 0.1; done";

    @Test
    void a_job_runs_as_a_job_of_the_cluster_and_its_lines_and_its_end_come_back(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("echo step 1; sleep 0.3; echo größer; exit 0"));
            JsonNode done = on.await(id, "succeeded");
            assertEquals(List.of("step 1", "größer"), on.lines(id), done.toString());
            Cluster.until(
                    "the finished Job is removed", () -> on.jobs(cluster, id).isEmpty());
        }
    }

    @Test
    void a_failure_has_its_exit_code_and_what_was_printed_last(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("echo no such column: loss >&2; exit 3"));
            JsonNode failed = on.await(id, "failed");
            assertTrue(failed.toString().contains("exited with code 3: no such column: loss"), failed.toString());
            assertEquals("exit_code", failed.at("/cause").asString(), failed.toString());
        }
    }

    @Test
    void a_killed_process_says_by_which_signal(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String segv = on.submit(OnCluster.shell("exit 139"));
            String kill = on.submit(OnCluster.shell("sh -c 'kill -9 $$'; exit $?"));
            assertTrue(on.await(segv, "failed").toString().contains("signal 11 (SIGSEGV)"));
            assertTrue(on.await(kill, "failed").toString().contains("killed (SIGKILL), not for its memory limit"));
        }
    }

    @Test
    void a_cancelled_job_may_save_its_work_and_its_last_lines_are_kept(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell(FOR_EVER));
            on.await(id, "running");
            on.server().post("/api/v1/jobs/" + id + "/cancel", "");
            on.await(id, "cancelled");
            assertEquals(List.of("begun", "saving"), on.lines(id));
            assertTrue(on.jobs(cluster, id).isEmpty());
            assertTrue(on.pods(cluster, id).isEmpty());
        }
    }

    @Test
    void a_job_that_waits_for_room_says_so_and_can_be_cancelled(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace())) {
            ObjectNode job = OnCluster.shell("true");
            job.withObject("/resources").put("gpus", 99);
            String id = on.submit(job);
            JsonNode waiting = on.server()
                    .await(id, each -> each.at("/reason/kind").asString("").equals("no_capacity"));
            assertTrue(waiting.toString().contains("Insufficient nvidia.com/gpu"), waiting.toString());
            on.server().post("/api/v1/jobs/" + id + "/cancel", "");
            on.await(id, "cancelled");
        }
    }

    @Test
    void a_job_deleted_behind_our_back_is_tried_again(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
            on.await(id, "running");
            Job job = on.jobs(cluster, id).getFirst();
            cluster.client().resource(job).delete();
            JsonNode again = on.server()
                    .await(id, each -> each.path("state").asString("").equals("queued"));
            assertTrue(again.toString().contains("was deleted from the cluster by somebody else"), again.toString());
            on.server().post("/api/v1/jobs/" + id + "/cancel", "");
            on.await(id, "cancelled");
        }
    }

    @Test
    void a_pod_deleted_behind_our_back_is_no_fault_of_the_job(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("trap 'exit 143' TERM; while :; do sleep 0.1; done"));
            on.await(id, "running");
            Pod pod = on.pods(cluster, id).getFirst();
            cluster.client().resource(pod).delete();
            JsonNode again = on.server()
                    .await(id, each -> each.path("state").asString("").equals("queued"));
            assertTrue(again.toString().contains("was deleted from the cluster while it ran"), again.toString());
            on.server().post("/api/v1/jobs/" + id + "/cancel", "");
            on.await(id, "cancelled");
        }
    }

    @Test
    void two_nodes_meet_over_the_name_of_the_first(Cluster cluster) {
        String meet = """
                import os, socket, time
                rank, master = int(os.environ['PET_NODE_RANK']), (os.environ['PET_MASTER_ADDR'], int(os.environ['PET_MASTER_PORT']))
                if rank == 0:
                    with socket.create_server((socket.gethostbyname(master[0]), master[1])) as server:
                        print('met', server.accept()[0].recv(64).decode(), flush=True)
                else:
                    for _ in range(300):
                        try:
                            with socket.create_connection(master) as peer:
                                peer.send(b'rank %d of %s' % (rank, os.environ['PET_NNODES'].encode()))
                            print('sent', flush=True)
                            break
                        except OSError:
                            time.sleep(0.1)
                """;
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = OnCluster.job("python3", "-c", meet);
            job.withObject("/resources").put("nodes", 2);
            String id = on.submit(job);
            on.await(id, "succeeded");
            assertEquals(List.of("met rank 1 of 2"), on.lines(id, 0));
            assertEquals(List.of("sent"), on.lines(id, 1));
            Cluster.until(
                    "the service goes with its Job",
                    () -> cluster.client()
                            .services()
                            .inNamespace(on.namespace())
                            .withLabel("trainyard.io/job", id)
                            .list()
                            .getItems()
                            .isEmpty());
        }
    }

    @Test
    void the_rank_that_died_first_is_to_blame(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = OnCluster.shell(
                    "[ $PET_NODE_RANK = 1 ] && { sleep 1; echo out of ideas; exit 4; }; trap 'exit 1' TERM; while :; do sleep 0.1; done");
            job.withObject("/resources").put("nodes", 2);
            String id = on.submit(job);
            JsonNode failed = on.await(id, "failed");
            assertTrue(
                    failed.toString().contains("node-1 (host-0) exited with code 4: out of ideas"), failed.toString());
        }
    }

    @Test
    void a_secret_reaches_the_process_and_nothing_that_can_be_read(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = OnCluster.shell("printf '%s' \"$KEY\" | md5sum; sleep 1");
            job.withObject("/container/environment").putObject("KEY").put("secret", "canary-4711");
            String id = on.submit(job);
            on.await(id, "running");
            Job made = on.jobs(cluster, id).getFirst();
            assertFalse(made.toString().contains("canary"), made.toString());
            var secret = cluster.client()
                    .secrets()
                    .inNamespace(on.namespace())
                    .withName(made.getMetadata().getName() + "-secrets")
                    .get();
            assertEquals(
                    made.getMetadata().getUid(),
                    secret.getMetadata().getOwnerReferences().getFirst().getUid());
            on.await(id, "succeeded");
            assertTrue(
                    on.lines(id).getFirst().startsWith(md5("canary-4711")),
                    on.lines(id).toString());
            assertFalse(on.server().get("/api/v1/jobs/" + id).text().contains("canary"));
            assertFalse(on.server().get("/api/v1/jobs/" + id + "/events").text().contains("canary"));
            Cluster.until("the Secret goes with its Job", () -> on.secrets(cluster, id) == 0);
        }
    }

    private static String md5(String text) {
        try {
            var digest = java.security.MessageDigest.getInstance("MD5");
            return java.util.HexFormat.of()
                    .formatHex(digest.digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_restarted_server_finds_its_job_in_every_phase(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String running = on.submit(OnCluster.shell("echo one; sleep 3; echo two"));
            on.await(running, "running");
            on.restart();
            String ended = on.submit(OnCluster.shell("echo quick"));
            on.server().close();
            Cluster.until(
                    "both have ended meanwhile",
                    () -> on.jobs(cluster, running).stream()
                            .allMatch(job -> job.getStatus().getCompletionTime() != null));
            on.reopen();
            on.await(running, "succeeded");
            on.await(ended, "succeeded");
            assertEquals(List.of("one", "two"), on.lines(running));
            assertEquals(List.of("quick"), on.lines(ended));
        }
    }

    @Test
    void a_foreign_object_of_our_name_is_left_alone(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace(), "K8S_APPLY", "1")) {
            var foreign = cluster.client()
                    .resource(new io.fabric8.kubernetes.api.model.batch.v1.JobBuilder()
                            .withNewMetadata()
                            .withNamespace(on.namespace())
                            .withName("nightly")
                            .endMetadata()
                            .withNewSpec()
                            .withNewTemplate()
                            .withNewSpec()
                            .withRestartPolicy("Never")
                            .addNewContainer()
                            .withName("main")
                            .withImage("other:1")
                            .withCommand("sleep", "100")
                            .endContainer()
                            .endSpec()
                            .endTemplate()
                            .endSpec()
                            .build())
                    .create();
            ObjectNode job = OnCluster.shell("true");
            job.put("name", "nightly").putObject("labels").put("trainyard/name", "nightly");
            JsonNode failed = on.await(on.submit(job), "failed");
            assertTrue(
                    failed.toString().contains("named \\\"nightly\\\" that is not of this attempt"), failed.toString());
            assertEquals(
                    foreign.getMetadata().getUid(),
                    cluster.client().resource(foreign).get().getMetadata().getUid());
        }
    }

    @Test
    void where_nobody_answers_at_submit_the_next_place_is_taken() {
        try (var on = new OnCluster(home, "https://127.0.0.1:1", "default")) {
            ObjectNode job = OnCluster.shell("echo here");
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
            ObjectNode job = OnCluster.shell("true");
            job.withObject("/container").put("image", "missing/trainer:1");
            String id = on.submit(job);
            JsonNode waiting = on.server()
                    .await(id, each -> each.at("/reason/kind").asString("").equals("image_pull"));
            assertTrue(waiting.toString().contains("cannot pull image missing/trainer:1"), waiting.toString());
            JsonNode failed = on.await(id, "failed");
            assertEquals("image", failed.path("cause").asString(), failed.toString());
            Cluster.until("its Job is removed", () -> on.jobs(cluster, id).isEmpty());
        }
    }

    @Test
    void a_used_up_quota_and_a_missing_service_account_are_told_and_fail_in_the_end(Cluster cluster) {
        cluster.client()
                .resource(new io.fabric8.kubernetes.api.model.ResourceQuotaBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace())
                        .withName("small")
                        .endMetadata()
                        .withNewSpec()
                        .addToHard("requests.cpu", new io.fabric8.kubernetes.api.model.Quantity("2"))
                        .endSpec()
                        .build())
                .create();
        String[] soon = {"TRAINYARD_KUBERNETES_WAIT_REFUSED_SECONDS", "4"};
        try (var on = new OnCluster(home, cluster, cluster.namespace(), soon)) {
            ObjectNode job = OnCluster.shell("true");
            job.withObject("/resources").put("cpus", 3);
            String id = on.submit(job);
            JsonNode waiting = on.server()
                    .await(id, each -> each.at("/reason/kind").asString("").equals("quota"));
            assertTrue(
                    waiting.toString().contains("exceeded quota: small, requested: requests.cpu=3"),
                    waiting.toString());
            assertEquals("quota", on.await(id, "failed").path("cause").asString());
        } finally {
            cluster.client().resourceQuotas().inNamespace(cluster.namespace()).delete();
        }
        String[] nobody = {soon[0], soon[1], "K8S_SERVICE_ACCOUNT", "nobody"};
        try (var on = new OnCluster(home, cluster, cluster.namespace(), nobody)) {
            JsonNode failed = on.await(on.submit(OnCluster.shell("true")), "failed");
            assertTrue(failed.toString().contains("service account"), failed.toString());
            assertEquals("refused", failed.path("cause").asString(), failed.toString());
        }
    }

    @Test
    void what_the_cluster_would_refuse_is_refused_at_the_door(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace())) {
            ObjectNode nowhere = OnCluster.shell("true");
            nowhere.withObject("/placement").put("namespace", "nowhere");
            var reply = on.server().create(nowhere.toString());
            assertEquals(422, reply.status(), reply.text());
            assertTrue(
                    reply.text().contains("placement.namespace: \\\"nowhere\\\" is not there, or this server may not"),
                    reply.text());
            ObjectNode queued = OnCluster.shell("true");
            queued.withObject("/placement").put("queue", "team-z");
            var noQueue = on.server().create(queued.toString());
            assertEquals(422, noQueue.status(), noQueue.text());
            assertTrue(noQueue.text().contains("is no LocalQueue of namespace"), noQueue.text());
        }
    }

    @Test
    void a_dry_run_is_judged_by_the_cluster_and_creates_nothing(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace(), "K8S_APPLY", "dry-run")) {
            String id = on.submit(OnCluster.shell("true"));
            JsonNode rendered = on.await(id, "rendered");
            assertTrue(rendered.path("manifest").asString("").contains("podReplacementPolicy"), rendered.toString());
            assertTrue(on.jobs(cluster, id).isEmpty());
            ObjectNode nowhere = OnCluster.shell("true");
            nowhere.withObject("/placement").put("namespace", "nowhere");
            assertEquals(422, on.server().create(nowhere.toString()).status());
        }
    }

    @Test
    void a_job_whose_time_is_up_on_the_cluster_says_so(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(OnCluster.shell("trap 'exit 0' TERM; while :; do sleep 0.1; done"));
            on.await(id, "running");
            Job job = on.jobs(cluster, id).getFirst();
            cluster.client().resource(job).edit(it -> {
                it.getSpec().setActiveDeadlineSeconds(1L);
                return it;
            });
            JsonNode failed = on.await(id, "failed");
            assertEquals("deadline", failed.at("/cause").asString(), failed.toString());
        }
    }
}
