package io.trainyard.backend.attempts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Real: the whole server, the real controllers of each kind, and pods that are processes of this machine. */
@RealCluster
class EveryKindTest {
    @TempDir
    Path home;

    @ParameterizedTest
    @EnumSource
    void a_job_runs_as_its_kind_and_its_lines_and_its_end_come_back(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(kind.shell("echo step 1; sleep 0.5; echo größer; exit 0"));
            on.await(id, "running");
            assertEquals(1, on.objects(kind, id).size());
            JsonNode done = on.await(id, "succeeded");
            assertEquals(List.of("step 1", "größer"), on.lines(id), done.toString());
            Cluster.until(
                    "the finished object is removed", () -> on.objects(kind, id).isEmpty());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_failure_has_its_exit_code_and_what_was_printed_last(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(kind.shell("echo no such column: loss >&2; exit 3"));
            JsonNode failed = on.await(id, "failed");
            assertTrue(failed.toString().contains("exited with code 3: no such column: loss"), failed.toString());
            assertEquals("exit_code", failed.path("cause").asString(), failed.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_cancelled_job_may_save_its_work_and_its_last_lines_are_kept(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id =
                    on.submit(kind.shell("trap 'echo saving; exit 9' TERM; echo begun; while :; do sleep 0.1; done"));
            on.awaitLine(id, "begun");
            on.cancelled(id);
            assertEquals(List.of("begun", "saving"), on.lines(id));
            assertEquals(List.of(), on.objects(kind, id));
            assertEquals(List.of(), on.pods(kind, id));
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_suspended_behind_our_back_waits_and_goes_on_when_it_is_resumed(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            Path sign = home.resolve("done");
            String id = on.submit(kind.shell(
                    "trap 'exit 143' TERM; echo begun; until [ -e %s ]; do sleep 0.1; done".formatted(sign)));
            on.awaitLine(id, "begun");
            on.suspend(kind, id, true);
            JsonNode waiting = on.awaitReason(id, "gated");
            assertTrue(waiting.toString().contains("the " + kind.word + " is suspended"), waiting.toString());
            assertEquals(1, on.objects(kind, id).size());
            Cluster.until("its pod is gone", () -> on.pods(kind, id).isEmpty());
            on.suspend(kind, id, false);
            on.await(id, "running");
            OnCluster.touch(sign);
            JsonNode done = on.await(id, "succeeded");
            assertEquals(1, done.path("attempts").size(), done.toString());
            assertEquals(List.of("begun", "begun"), on.lines(id));
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_job_deleted_behind_our_back_is_tried_again_as_another_object(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            Path sign = home.resolve("done");
            String id = on.submit(kind.shell(
                    "trap 'exit 0' TERM; echo attempt $TRAINYARD_ATTEMPT; until [ -e %s ]; do sleep 0.1; done"
                            .formatted(sign)));
            on.awaitLine(id, "attempt 1");
            on.object(kind, id).delete();
            JsonNode again = on.await(id, "queued");
            assertTrue(again.toString().contains("was deleted from the cluster by somebody else"), again.toString());
            OnCluster.touch(sign);
            on.hurry(id);
            JsonNode done = on.await(id, "succeeded");
            assertEquals(2, done.path("attempts").size(), done.toString());
            assertTrue(on.lines(id).contains("attempt 2"), on.lines(id).toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_pod_deleted_behind_our_back_is_no_fault_of_the_job(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String id = on.submit(kind.shell("trap 'exit 143' TERM; echo begun; while :; do sleep 0.1; done"));
            on.awaitLine(id, "begun");
            cluster.client().resource(on.pods(kind, id).getFirst()).delete();
            JsonNode again = on.await(id, "queued");
            assertTrue(again.toString().contains("was deleted from the cluster while it ran"), again.toString());
            on.cancelled(id);
        }
    }

    @ParameterizedTest
    @EnumSource
    void two_nodes_meet_over_the_name_of_the_first(Kind kind, Cluster cluster) {
        String meet = """
                import os, socket, time
                rank, master = int(os.environ['PET_NODE_RANK']), (os.environ['%s'], int(os.environ['PET_MASTER_PORT']))
                if rank == 0:
                    with socket.create_server((socket.gethostbyname(master[0]), master[1])) as server:
                        print('met', server.accept()[0].recv(64).decode(), flush=True)
                    time.sleep(1)
                else:
                    for _ in range(300):
                        try:
                            with socket.create_connection(master) as peer:
                                peer.send(b'rank %%d of %%s' %% (rank, os.environ['PET_NNODES'].encode()))
                            print('sent', flush=True)
                            break
                        except OSError:
                            time.sleep(0.1)
                """.formatted(kind.master);
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = kind.job("python3", "-c", meet);
            job.withObject("/resources").put("nodes", 2);
            String id = on.submit(job);
            on.await(id, "succeeded");
            assertEquals(List.of("met rank 1 of 2"), on.lines(id, 0));
            assertEquals(List.of("sent"), on.lines(id, 1));
            Cluster.until("a Service goes with its job", () -> on.companions(id) == 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void the_rank_that_died_first_is_to_blame(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = kind.shell(
                    "[ $PET_NODE_RANK = 1 ] && { sleep 1; echo out of ideas; exit 4; }; trap 'exit 1' TERM; while :; do sleep 0.1; done");
            job.withObject("/resources").put("nodes", 2);
            String id = on.submit(job);
            on.await(id, "running");
            JsonNode failed = on.await(id, "failed");
            assertTrue(
                    failed.toString().contains("node-1 (host-0) exited with code 4: out of ideas"), failed.toString());
            Cluster.until(
                    "those that were left are stopped", () -> on.pods(kind, id).isEmpty());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_restarted_server_finds_its_job_in_every_phase(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            String running = on.submit(kind.shell("echo one; sleep 3; echo two"));
            on.await(running, "running");
            on.restart();
            String ended = on.submit(kind.shell("echo quick"));
            Cluster.until("it is there", () -> !on.objects(kind, ended).isEmpty());
            on.server().close();
            Cluster.until("both have ended meanwhile", () -> on.succeeded(kind, running) && on.succeeded(kind, ended));
            on.reopen();
            on.await(running, "succeeded");
            on.await(ended, "succeeded");
            assertEquals(List.of("one", "two"), on.lines(running));
            assertEquals(List.of("quick"), on.lines(ended));
        }
    }

    @Test
    void a_runtime_that_is_not_there_is_refused_at_the_door_with_those_that_are(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = Kind.TRAIN_JOB.shell("true");
            job.withObject("/placement").put("runtime", "nobodys-runtime");
            var reply = on.server().create(job.toString());
            assertEquals(422, reply.status(), reply.text());
            assertTrue(reply.text().contains("has no ClusterTrainingRuntime \\\"nobodys-runtime\\\""), reply.text());
            assertTrue(reply.text().contains("hf-unsloth-runtime, meta-runtime, nemo-runtime"), reply.text());
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_secret_reaches_the_process_and_nothing_that_can_be_read(Kind kind, Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.hostNamespace())) {
            ObjectNode job = kind.shell("[ \"$KEY\" = canary-$((4700 + 11)) ] && echo it is the one; sleep 1");
            job.withObject("/container/environment").putObject("KEY").put("secret", "canary-4711");
            String id = on.submit(job);
            on.await(id, "running");
            String made = on.objects(kind, id).getFirst().toString();
            assertFalse(made.contains("canary-4711"), made);
            assertEquals(1, on.companions(id));
            on.await(id, "succeeded");
            assertEquals(List.of("it is the one"), on.lines(id));
            for (String path : List.of("", "/events"))
                assertFalse(on.server().get("/api/v1/jobs/" + id + path).text().contains("canary-4711"));
            Cluster.until("the Secret goes with its job", () -> on.companions(id) == 0);
        }
    }
}
