package io.trainyard.backend.setup;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One object of the cluster, as it shall be. */
record Manifest(ObjectNode object) {
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
    static final String RUNTIMES = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes";

    /** By kind; %s is the namespace. */
    private static final Map<String, String> COLLECTIONS = Map.of(
            "Namespace",
            "/api/v1/namespaces",
            "ServiceAccount",
            "/api/v1/namespaces/%s/serviceaccounts",
            "Secret",
            "/api/v1/namespaces/%s/secrets",
            "ConfigMap",
            "/api/v1/namespaces/%s/configmaps",
            "Role",
            RBAC + "/namespaces/%s/roles",
            "RoleBinding",
            RBAC + "/namespaces/%s/rolebindings",
            "ClusterRole",
            RBAC + "/clusterroles",
            "ClusterRoleBinding",
            RBAC + "/clusterrolebindings",
            "ClusterTrainingRuntime",
            RUNTIMES);

    private static final List<String> SET_BY_THE_SERVER =
            List.of("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation");

    String kind() {
        return object.path("kind").stringValue();
    }

    String namespace() {
        return object.at("/metadata/namespace").asString("");
    }

    String name() {
        return object.at("/metadata/name").stringValue();
    }

    boolean isNamespace() {
        return kind().equals("Namespace");
    }

    /** The variables that would have to be set for it to have a content; empty when it has all it needs. */
    String unset() {
        boolean empty = !object.has("data");
        return switch (kind()) {
            case "Secret" -> empty ? "AWS_S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" : "";
            case "ConfigMap" -> empty ? "BACKEND_API_URL" : "";
            default -> "";
        };
    }

    String collection() {
        return Objects.requireNonNull(COLLECTIONS.get(kind()), kind()).formatted(namespace());
    }

    String path() {
        return collection() + "/" + name();
    }

    /** For people. */
    String what() {
        return kind() + " " + (namespace().isEmpty() ? "" : namespace() + "/") + name();
    }

    /** Two states of an object, but for what changes by itself. */
    static boolean same(JsonNode one, JsonNode other) {
        return own(one).equals(own(other));
    }

    private static JsonNode own(JsonNode object) {
        var copy = (ObjectNode) object.deepCopy();
        copy.remove("status");
        if (copy.path("metadata") instanceof ObjectNode metadata) metadata.remove(SET_BY_THE_SERVER);
        return copy;
    }
}
