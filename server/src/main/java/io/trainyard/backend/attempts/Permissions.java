package io.trainyard.backend.attempts;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Workload;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** What this server has to be allowed in a namespace, and what is not to be had without. */
public final class Permissions {
    private static final String KUEUE = "kueue.x-k8s.io";

    private Permissions() {}

    /**
     * @param group empty for the core group
     * @param resource with its subresource, such as {@code pods/log}
     * @param without what the lack of it costs
     */
    public record Need(String group, String resource, String verb, String without) {
        /** The resource and its group. */
        public String of() {
            return resource + (group.isEmpty() ? "" : "." + group);
        }

        @Override
        public String toString() {
            return verb + " " + of();
        }
    }

    public static List<Need> of(List<Workload> kinds) {
        var needs = new ArrayList<Need>();
        for (Workload workload : kinds) {
            var kind = workload.kind();
            add(needs, kind.group(), kind.plural(), "no " + kind.kind() + " can be created", "create");
            add(needs, kind.group(), kind.plural(), "nothing that was created is found again", "get");
            add(needs, kind.group(), kind.plural(), "every look at a job is a call of its own", "list", "watch");
            add(needs, kind.group(), kind.plural(), "no job can be stopped, and finished ones stay", "delete");
            if (kind.kind().equals("TrainJob")) runtimes(needs, kind.group());
        }
        add(needs, "", "pods", "nobody knows why a job waits or failed", "list", "watch");
        add(needs, "", "pods/log", "the output of jobs is lost", "get");
        add(needs, "", "events", "quota, volumes and scaling up are not seen as reasons", "list", "watch");
        add(needs, "", "secrets", "jobs with secrets cannot start", "create", "get");
        add(needs, "", "secrets", "the Secrets of jobs stay behind", "patch", "delete");
        add(needs, "", "services", "jobs of several nodes cannot start", "create", "get");
        add(needs, "", "services", "the Services of jobs stay behind", "patch", "delete");
        add(needs, KUEUE, "localqueues", "a queue that does not exist is not refused", "get", "list");
        add(needs, KUEUE, "workloads", "nobody knows why a queue holds a job back", "list", "watch");
        add(needs, "visibility." + KUEUE, "localqueues/pendingworkloads", "positions in queues are unknown", "get");
        return needs;
    }

    private static void runtimes(List<Need> needs, String group) {
        String without = "a runtime that does not exist is not refused";
        add(needs, group, "trainingruntimes", without, "get", "list");
        add(needs, group, "clustertrainingruntimes", without, "get", "list");
    }

    private static void add(List<Need> needs, String group, String resource, String without, String... verbs) {
        for (String verb : verbs) needs.add(new Need(group, resource, verb, without));
    }

    /** Asks for each whether it is allowed. */
    public static List<Need> missing(Api api, List<Need> needs, String namespace) throws Unreachable {
        var missing = new ArrayList<Need>();
        for (Need need : needs) if (!allowed(api, need, namespace)) missing.add(need);
        return missing;
    }

    private static boolean allowed(Api api, Need need, String namespace) {
        ObjectNode review = Api.JSON
                .createObjectNode()
                .put("apiVersion", "authorization.k8s.io/v1")
                .put("kind", "SelfSubjectAccessReview");
        String[] parts = need.resource().split("/", 2);
        ObjectNode asked = review.putObject("spec").putObject("resourceAttributes");
        asked.put("namespace", namespace).put("verb", need.verb()).put("group", need.group());
        asked.put("resource", parts[0]);
        if (parts.length > 1) asked.put("subresource", parts[1]);
        Reply reply = api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
        return reply.body().at("/status/allowed").asBoolean(false);
    }
}
