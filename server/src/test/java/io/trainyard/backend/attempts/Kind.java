package io.trainyard.backend.attempts;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.trainyard.LiveServer;
import io.trainyard.cluster.Cluster;
import tools.jackson.databind.node.ObjectNode;

/** The kinds that a job may become on a cluster, and what the same job looks like for each. */
public enum Kind {
    JOB("batch/v1", "Job", "jobs", "batch.kubernetes.io/job-name", "PET_MASTER_ADDR", "Complete"),
    PYTORCH_JOB(
            "kubeflow.org/v1",
            "PyTorchJob",
            "pytorchjobs",
            "training.kubeflow.org/job-name",
            "MASTER_ADDR",
            "Succeeded"),
    TRAIN_JOB(
            "trainer.kubeflow.org/v1alpha1",
            "TrainJob",
            "trainjobs",
            "jobset.sigs.k8s.io/jobset-name",
            "PET_MASTER_ADDR",
            "Complete");

    public final String apiVersion;
    public final String word;
    public final String plural;
    /** The label of a pod that holds the name of its object. */
    public final String owner;
    /** The variable by which its ranks find the first. */
    public final String master;

    private final String success;

    Kind(String apiVersion, String word, String plural, String owner, String master, String success) {
        this.apiVersion = apiVersion;
        this.word = word;
        this.plural = plural;
        this.owner = owner;
        this.master = master;
        this.success = success;
    }

    /** A job that runs this line. */
    public ObjectNode shell(String script) {
        return job("sh", "-c", script);
    }

    public ObjectNode job(String... command) {
        ObjectNode job = LiveServer.JSON.createObjectNode().put("name", "train").put("framework", "custom");
        var words = job.putObject("container").putArray("command");
        for (String word : command) words.add(word);
        job.putObject("resources").put("cpus", 1).put("memory_gib", 1);
        if (this == JOB) return job;
        ObjectNode placement = job.putObject("placement");
        placement.putArray("backends").add("kubeflow");
        if (this == TRAIN_JOB) placement.put("runtime", "hf-unsloth-runtime");
        return job;
    }

    /** A merge patch with which somebody suspends or resumes one who knows nothing of us. */
    String suspension(boolean held) {
        String spec = this == PYTORCH_JOB ? "{\"runPolicy\": {\"suspend\": %s}}" : "{\"suspend\": %s}";
        return "{\"spec\": " + spec.formatted(held) + "}";
    }

    public boolean succeeded(GenericKubernetesResource object) {
        return Cluster.holds(object, success);
    }
}
