package io.trainyard.backend.pods;

import io.trainyard.backend.Plan;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.cluster.Times;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.JobSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
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

    default List<String> warnings(JobSpec spec) {
        return List.of();
    }

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
        var warnings = new ArrayList<>(OurTrainer.warnings(spec));
        warnings.addAll(warnings(spec));
        Drawing drawn = draw(spec, planned(spec));
        var asked = spec.resources();
        // What the cluster places for itself holds none of our slots.
        return new Plan(objections(spec), warnings, new Demand(asked.gpus(), 0, 0), Manifests.text(drawn));
    }

    /** How the things of a job are called that has no id yet. */
    default Naming planned(JobSpec spec) {
        String name = Names.planned(spec);
        var labels = Map.of(Names.MANAGED_BY, Names.OURS);
        return new Naming(name, namespace(spec), Names.secretOf(name), labels, Map.of(), false);
    }

    /** What is created. The labels of the naming have to reach the object; on its pods they are welcome. */
    Drawing draw(JobSpec spec, Naming naming);

    /** What the object alone says, by its conditions. */
    Phase phase(JsonNode object);

    /** Selects the pods of all objects of this kind, such as {@code batch.kubernetes.io/job-name}. */
    String podSelector();

    /** The label of a pod that holds the name of its object. */
    String ownerLabel();

    /** Names of what controllers make between the object and its pods, whose events are about the object too. */
    default List<String> between(String object) {
        return List.of();
    }

    /** Which node of the job a pod is, from 0. */
    int rank(Map<String, String> podLabels);

    /** A number in a label, 0 where there is none. */
    static int index(Map<String, String> labels, String name) {
        String index = labels.getOrDefault(name, "0");
        return index.matches("\\d{1,6}") ? Integer.parseInt(index) : 0;
    }

    /** The container whose exit and output are the job's. */
    String container();

    /** @param group empty for the core group */
    record Kind(String group, String version, String kind, String plural) {
        public String apiVersion() {
            return group.isEmpty() ? version : group + "/" + version;
        }

        /** @param namespace empty for what has none */
        public String path(String namespace) {
            String root = group.isEmpty() ? "/api/" : "/apis/" + group + "/";
            return root + version + (namespace.isEmpty() ? "/" : "/namespaces/" + namespace + "/") + plural;
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

        /** With further variables. */
        public Naming with(Map<String, String> further) {
            var all = new HashMap<>(variables);
            all.putAll(further);
            return new Naming(name, namespace, secret, labels, all, pushToken);
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
        /** Whether its controllers are through with it. */
        default boolean over() {
            return switch (this) {
                case Succeeded _, Failed _ -> true;
                case Going _, Suspended _ -> false;
            };
        }

        /** Nothing final: its pods tell the rest. */
        record Going() implements Phase {}

        /** Held back: it has no pods and will get some. */
        record Suspended(String why) implements Phase {}

        record Succeeded(Optional<Instant> at) implements Phase {}

        /** @param reason the condition's word, such as {@code BackoffLimitExceeded} */
        record Failed(String reason, String message, Optional<Instant> at) implements Phase {}

        /**
         * By the conditions that all kinds share. One that is no longer true stays in the list: a job that went on keeps
         * that it was suspended.
         *
         * @param success the type of the condition that says so
         */
        static Phase of(JsonNode object, Kind kind, String success) {
            boolean suspended = object.at("/spec/suspend").asBoolean(false);
            for (JsonNode each : object.at("/status/conditions")) {
                if (!each.path("status").asString("").equals("True")) continue;
                String type = each.path("type").asString("");
                Optional<Instant> at = Times.of(each.path("lastTransitionTime"));
                if (type.equals(success))
                    return new Succeeded(
                            Times.of(object.at("/status/completionTime")).or(() -> at));
                if (type.equals("Failed"))
                    return new Failed(
                            each.path("reason").asString(""),
                            each.path("message").asString(""),
                            at);
                suspended |= type.equals("Suspended");
            }
            return suspended ? new Suspended("the " + kind.kind() + " is suspended") : new Going();
        }
    }
}
