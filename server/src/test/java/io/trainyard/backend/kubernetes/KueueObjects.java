package io.trainyard.backend.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.trainyard.LiveServer;
import io.trainyard.cluster.Cluster;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What an administrator of Kueue does, and what its admission checks do. */
record KueueObjects(Cluster cluster) {
    private static final String VERSION = "kueue.x-k8s.io/v1beta1";

    /** Of our namespace, with a queue of the cluster that has so many GPUs to give. */
    String queue(String name, int gpus) {
        return queue(name, gpus, "[]");
    }

    /** One whose jobs also need the leave of a check of the same name, which only {@link #reject} ever answers. */
    String queueWithCheck(String name, int gpus) {
        create("""
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: AdmissionCheck
                metadata: {name: %s}
                spec: {controllerName: tests.trainyard.io/budget}
                """.formatted(name));
        Resource<GenericKubernetesResource> check = all("AdmissionCheck").withName(name);
        ObjectNode status = LiveServer.JSON.createObjectNode();
        condition(status.withObject("/status").putArray("conditions"), "Active", "Active", "");
        check.subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), status.toString());
        return queue(name, gpus, "[" + name + "]");
    }

    private String queue(String name, int gpus, String checks) {
        create("""
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: ResourceFlavor
                metadata: {name: %1$s}
                ---
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: ClusterQueue
                metadata: {name: %1$s}
                spec:
                  namespaceSelector: {}
                  preemption: {withinClusterQueue: LowerPriority}
                  admissionChecks: %3$s
                  resourceGroups:
                    - coveredResources: [cpu, memory, nvidia.com/gpu]
                      flavors:
                        - name: %1$s
                          resources:
                            - {name: cpu, nominalQuota: 100}
                            - {name: memory, nominalQuota: 100Gi}
                            - {name: nvidia.com/gpu, nominalQuota: %2$d}
                """.formatted(name, gpus, checks));
        openTo(name, cluster.namespace());
        return name;
    }

    /** Jobs of a further namespace may name it. */
    void openTo(String name, String namespace) {
        if (all("LocalQueue").inNamespace(namespace).withName(name).get() != null) return;
        create("""
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: LocalQueue
                metadata: {name: %1$s, namespace: %2$s}
                spec: {clusterQueue: %1$s}
                """.formatted(name, namespace));
    }

    void priority(String name, int value) {
        if (all("WorkloadPriorityClass").withName(name).get() != null) return;
        create("""
                apiVersion: kueue.x-k8s.io/v1beta1
                kind: WorkloadPriorityClass
                metadata: {name: %s}
                value: %d
                """.formatted(name, value));
    }

    private void create(String objects) {
        cluster.client()
                .load(new ByteArrayInputStream(objects.getBytes(StandardCharsets.UTF_8)))
                .items()
                .forEach(each -> cluster.client().resource(each).create());
    }

    private MixedOperation<
                    GenericKubernetesResource, GenericKubernetesResourceList, Resource<GenericKubernetesResource>>
            all(String kind) {
        return cluster.client().genericKubernetesResources(VERSION, kind);
    }

    private Resource<GenericKubernetesResource> workload(GenericKubernetesResource of) {
        List<GenericKubernetesResource> found = all("Workload")
                .inNamespace(of.getMetadata().getNamespace())
                .withLabel("kueue.x-k8s.io/job-uid", of.getMetadata().getUid())
                .list()
                .getItems();
        return cluster.client().resource(found.getFirst());
    }

    /** Lets the workload of the object be admitted, or takes it out. */
    void activate(GenericKubernetesResource of, boolean active) {
        workload(of).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\": {\"active\": %s}}".formatted(active));
    }

    /** As the controller of the check does it. */
    void reject(GenericKubernetesResource of, String why) {
        Resource<GenericKubernetesResource> workload = workload(of);
        ArrayNode checks = list(workload, "admissionChecks");
        for (JsonNode check : checks)
            ((ObjectNode) check).put("state", "Rejected").put("message", why).put("lastTransitionTime", now());
        patchStatus(workload, "admissionChecks", checks);
    }

    /** What Kueue writes when a workload has been put back as often as its configuration allows. */
    void limitExceeded(GenericKubernetesResource of) {
        Resource<GenericKubernetesResource> workload = workload(of);
        ArrayNode conditions = list(workload, "conditions");
        condition(
                conditions,
                "DeactivationTarget",
                "RequeuingLimitExceeded",
                "exceeding the maximum number of re-queuing retries");
        patchStatus(workload, "conditions", conditions);
    }

    private static ArrayNode list(Resource<GenericKubernetesResource> workload, String name) {
        JsonNode status = LiveServer.JSON.valueToTree(workload.get().getAdditionalProperties());
        return (ArrayNode) status.path("status").path(name);
    }

    private static void patchStatus(Resource<GenericKubernetesResource> workload, String name, ArrayNode list) {
        ObjectNode patch = LiveServer.JSON.createObjectNode();
        patch.withObject("/status").set(name, list);
        workload.subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), patch.toString());
    }

    private static void condition(ArrayNode list, String type, String reason, String message) {
        list.addObject()
                .put("type", type)
                .put("status", "True")
                .put("reason", reason)
                .put("message", message)
                .put("lastTransitionTime", now());
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
