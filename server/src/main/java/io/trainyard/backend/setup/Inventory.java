package io.trainyard.backend.setup;

import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.Workload.Kind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** What is on a cluster. */
public final class Inventory {
    private static final String OURS =
            "labelSelector=" + URLEncoder.encode(Names.MANAGED_BY + "=" + Names.OURS, StandardCharsets.UTF_8);

    private Inventory() {}

    /**
     * One thing that may be installed.
     *
     * @param there whether its API is served
     * @param purpose what is not to be had without it
     */
    public record Part(String name, boolean there, String purpose) {}

    static List<Part> parts(Api api) {
        return List.of(
                part(api, "Kubeflow Trainer", "/apis/trainer.kubeflow.org/v1alpha1", "TrainJobs"),
                part(api, "JobSet", "/apis/jobset.x-k8s.io/v1alpha2", "TrainJobs, which become JobSets"),
                part(api, "Kubeflow Training Operator", "/apis/kubeflow.org/v1", "PyTorchJobs"),
                part(api, "Kueue", "/apis/kueue.x-k8s.io/v1beta1", "queues with quotas"));
    }

    private static Part part(Api api, String name, String path, String purpose) {
        return new Part(name, api.get(path) instanceof Reply.Ok, purpose);
    }

    static List<String> jobs(Api api, List<Kind> kinds, List<String> namespaces) {
        var found = new ArrayList<String>();
        for (String namespace : namespaces)
            for (Kind kind : kinds) {
                Reply reply = api.get(kind.path(namespace) + "?" + OURS);
                // A kind that is not installed has no jobs.
                if (reply instanceof Reply.Ok(JsonNode list))
                    for (JsonNode each : list.path("items"))
                        found.add("%s %s/%s"
                                .formatted(
                                        kind.plural(),
                                        namespace,
                                        each.at("/metadata/name").asString()));
            }
        return found;
    }

    /** Such as {@code v1.34.1}. */
    public static String version(Api api) {
        return api.get("/version").body().path("gitVersion").asString("of unknown version");
    }
}
