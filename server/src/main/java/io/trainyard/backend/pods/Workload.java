package io.trainyard.backend.pods;

import io.trainyard.backend.Plan;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A kind of object that runs an attempt in pods, one for each node of the job. Pure: it never speaks to a cluster, but for
 * {@link #examine} and {@link #misdrawn}.
 */
public interface Workload {
    Kind kind();

    /** Whether this kind is the one for the job, where a backend has several; the first that says so gets it. */
    default boolean takes(JobSpec spec) {
        return true;
    }

    String namespace(JobSpec spec);

    /** Why it can never run there, each naming the field, the value and the remedy. */
    List<String> objections(JobSpec spec);

    List<String> warnings(JobSpec spec);

    /**
     * What the cluster says against it, each as an objection is said. Also the place to learn how it is to be drawn there;
     * without an answer there are no objections.
     */
    default List<String> examine(JobSpec spec) {
        return List.of();
    }

    /** Whether the refusal shows that it was drawn for another cluster than this one; then it is drawn once more. */
    default boolean misdrawn(Reply.Refused refused) {
        return false;
    }

    /** What an attempt would be, still without the labels and the name of one. */
    default Plan plan(JobSpec spec) {
        String planned = Names.planned(spec);
        var labels = Map.of(Names.MANAGED_BY, Names.OURS);
        var naming = new Naming(planned, namespace(spec), Names.secretOf(planned), labels, Map.of(), false);
        var warnings = new ArrayList<>(OurTrainer.warnings(spec));
        warnings.addAll(warnings(spec));
        Drawing drawn = draw(spec, naming);
        var asked = spec.resources();
        // What the cluster places for itself holds none of our slots.
        return new Plan(objections(spec), warnings, new Demand(asked.gpus(), 0, 0), Manifests.text(drawn));
    }

    /** What is created. The labels of the naming have to reach the object; on its pods they are welcome. */
    Drawing draw(JobSpec spec, Naming naming);

    /** What the object alone says, by its conditions. */
    Phase phase(JsonNode object);

    /** Selects the pods of all objects of this kind, such as {@code batch.kubernetes.io/job-name}. */
    String podSelector();

    /** The label of a pod that holds the name of its object. */
    String ownerLabel();

    /** Which node of the job a pod is, from 0. */
    int rank(Map<String, String> podLabels);

    /** The container whose exit and output are the job's. */
    String container();

    /** @param group empty for the core group */
    record Kind(String group, String version, String kind, String plural) {
        public String apiVersion() {
            return group.isEmpty() ? version : group + "/" + version;
        }

        public String path(String namespace) {
            String root = group.isEmpty() ? "/api/" : "/apis/" + group + "/";
            return root + version + "/namespaces/" + namespace + "/" + plural;
        }
    }

    /**
     * How an attempt's things are called.
     *
     * @param secret of the Secret whose keys are the names of variables
     * @param labels by which they are known to be ours
     * @param variables further ones of every container, in the open
     * @param pushToken whether the Secret also holds the token of the progress push, for a file
     */
    record Naming(
            String name,
            String namespace,
            String secret,
            Map<String, String> labels,
            Map<String, String> variables,
            boolean pushToken) {
        public Naming {
            labels = Map.copyOf(labels);
            variables = Map.copyOf(variables);
        }
    }

    /** @param before what has to be there first, such as a Service; owned by the object as soon as that is there */
    record Drawing(ObjectNode object, List<Companion> before) {
        public Drawing {
            before = List.copyOf(before);
        }
    }

    record Companion(Kind kind, ObjectNode object) {}

    /** What the conditions of the object say. */
    sealed interface Phase {
        /** Nothing final: its pods tell the rest. */
        record Going() implements Phase {}

        /** Held back: it has no pods and will get some. */
        record Suspended(String why) implements Phase {}

        record Succeeded(Optional<Instant> at) implements Phase {}

        /** @param reason the condition's word, such as {@code BackoffLimitExceeded} */
        record Failed(String reason, String message, Optional<Instant> at) implements Phase {}
    }
}
