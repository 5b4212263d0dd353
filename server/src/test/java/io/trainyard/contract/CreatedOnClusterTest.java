package io.trainyard.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.LiveServer;
import io.trainyard.backend.attempts.Kind;
import io.trainyard.backend.attempts.OnCluster;
import io.trainyard.backend.attempts.Rights;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.FaultProxy;
import io.trainyard.cluster.FaultProxy.Fault;
import io.trainyard.cluster.RealCluster;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Real: the answer to a request that becomes an object on a cluster says so when it is true, and only then. */
@RealCluster
class CreatedOnClusterTest {
    private static final String UNIFIED = """
            {"framework":"hf","model_id":"m","run_id":"first","checkpoint_base_uri":"s3://b/runs","dataset_uri":"s3://b/d"}""";
    private static final String TRAINER = """
            {"job_id":"0b54d3a1-93c2-4c15-8f5e-2a1de0c7a5f1","base_model":{"provider":"huggingface","model_name":"m"},
             "datasets":[],"customization":{"method":"lora"},"resources":{"gpus":1,"cpus":1,"memory_gb":1},
             "artifacts":{"log_uri":"l","output_uri":"o"},"tuning_parameters":{}}""";

    @TempDir
    Path home;

    private static String id(OnCluster on) {
        return on.server().get("/api/v1/jobs").json().at("/jobs/0/id").stringValue();
    }

    @Test
    void a_pytorchjob_that_the_cluster_took_is_answered_in_the_published_words(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput())) {
            LiveServer.Reply reply = on.server().post("/unified/train", UNIFIED);
            assertEquals(201, reply.status());
            assertEquals("submitted", reply.json().get("status").stringValue());
            assertEquals("PyTorchJob created", reply.json().get("detail").stringValue());
            assertEquals(1, on.objects(Kind.PYTORCH_JOB, id(on)).size());
            on.cancelled(id(on));
        }
    }

    @Test
    void F2_a_trainjob_that_the_cluster_took_is_named_and_shown_as_it_is_there(Cluster cluster) {
        try (var on = new OnCluster(home, cluster, cluster.namespace(), OnCluster.withoutOutput())) {
            JsonNode answer = on.server().post("/hf-unsloth/train", TRAINER).json();
            assertEquals("submitted", answer.get("status").stringValue(), answer.toString());
            assertEquals("TrainJob created", answer.get("detail").stringValue());
            String name =
                    on.objects(Kind.TRAIN_JOB, id(on)).getFirst().getMetadata().getName();
            assertEquals(name, answer.get("backend_job_id").stringValue());
            assertEquals(name, answer.at("/metadata/train_job/metadata/name").stringValue());
            assertTrue(answer.at("/metadata/job_spec").isMissingNode(), answer.toString());
            String path = "/hf-unsloth/train/0b54d3a1-93c2-4c15-8f5e-2a1de0c7a5f1";
            on.cancelled(id(on));
            JsonNode over = on.server().get(path).json();
            assertEquals("cancelled", over.get("status").stringValue());
            assertEquals(name, over.get("backend_job_id").stringValue());
        }
    }

    @Test
    void what_the_cluster_has_not_yet_taken_is_not_said_to_be_created(Cluster cluster) {
        String namespace = cluster.namespace();
        try (var proxy = new FaultProxy(Rights.granted(cluster, namespace));
                var on = new OnCluster(home, cluster, proxy, namespace, OnCluster.withoutOutput())) {
            proxy.script(
                    call -> call.creates("pytorchjobs") ? new Fault.Delay(Duration.ofSeconds(5)) : new Fault.None());
            LiveServer.Reply reply = on.server().post("/unified/train", UNIFIED);
            assertEquals(201, reply.status());
            assertEquals("submitted", reply.json().get("status").stringValue());
            assertEquals(
                    "PyTorchJob accepted for the backend kubeflow",
                    reply.json().get("detail").stringValue());
            Cluster.until(
                    "it is there after all",
                    () -> !on.objects(Kind.PYTORCH_JOB, id(on)).isEmpty());
            on.cancelled(id(on));
        }
    }

    @Test
    void what_the_cluster_refuses_at_once_is_refused_and_recorded_as_failed(Cluster cluster) {
        String namespace = cluster.namespace();
        try (var proxy = new FaultProxy(Rights.granted(cluster, namespace));
                var on = new OnCluster(home, cluster, proxy, namespace, OnCluster.withoutOutput())) {
            proxy.script(call -> call.creates("pytorchjobs") || call.creates("trainjobs")
                    ? new Fault.Answer(403, "Forbidden")
                    : new Fault.None());
            for (var request : new String[][] {{"/unified/train", UNIFIED}, {"/hf-unsloth/train", TRAINER}}) {
                LiveServer.Reply reply = on.server().post(request[0], request[1]);
                assertEquals(400, reply.status(), reply.text());
                assertTrue(
                        reply.json().get("detail").stringValue().startsWith("the cluster refuses it: "), reply.text());
                assertEquals("failed", on.state(id(on)));
            }
        }
    }
}
