package io.trainyard.backend.setup;

import io.trainyard.backend.cluster.Api;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** All that shall be on the cluster, in the order in which it can be created. */
final class Manifests {
    static final String SETUP = "trainyard.io/setup";
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final List<String> RUNTIMES = List.of("nemo-runtime", "meta-runtime", "hf-unsloth-runtime");

    private Manifests() {}

    static List<Manifest> of(Wanted wanted) {
        var all = new ArrayList<Manifest>();
        var namespaces = new LinkedHashSet<String>();
        namespaces.add(wanted.server());
        namespaces.addAll(wanted.jobs());
        namespaces.remove("default"); // every cluster has it
        for (String namespace : namespaces) all.add(new Manifest(bare("v1", "Namespace", namespace)));
        all.addAll(rights(wanted));
        all.add(new Manifest(storage(wanted.vision(), wanted.storage())));
        all.add(new Manifest(address(wanted.vision(), wanted.address())));
        for (String runtime : RUNTIMES)
            for (ObjectNode object : read("kubeflow/" + runtime + ".yaml")) all.add(new Manifest(object));
        for (Manifest each : all) label(each.object());
        return all;
    }

    /** The account once, what it may do in each namespace of jobs. */
    private static List<Manifest> rights(Wanted wanted) {
        var rights = new ArrayList<Manifest>();
        for (ObjectNode object : read("rbac/trainyard.yaml")) {
            String kind = object.path("kind").stringValue();
            for (JsonNode subject : object.path("subjects")) ((ObjectNode) subject).put("namespace", wanted.server());
            if (kind.startsWith("Cluster")) rights.add(new Manifest(object));
            else if (kind.equals("ServiceAccount")) rights.add(in(wanted.server(), object));
            else for (String namespace : wanted.jobs()) rights.add(in(namespace, object.deepCopy()));
        }
        return rights;
    }

    private static Manifest in(String namespace, ObjectNode object) {
        ((ObjectNode) object.path("metadata")).put("namespace", namespace);
        return new Manifest(object);
    }

    private static ObjectNode bare(String version, String kind, String name) {
        ObjectNode object =
                Api.JSON.createObjectNode().put("apiVersion", version).put("kind", kind);
        object.putObject("metadata").put("name", name);
        return object;
    }

    /** Without content where nobody has said any: it is looked for and removed, not created. */
    private static ObjectNode storage(String namespace, Optional<Wanted.Storage> known) {
        ObjectNode secret =
                in(namespace, bare("v1", "Secret", "r2-credentials")).object();
        known.ifPresent(storage -> secret.put("type", "Opaque")
                .putObject("data")
                .put("endpoint", encoded(storage.endpoint()))
                .put("access-key", encoded(storage.accessKey()))
                .put("secret-key", encoded(storage.secretKey())));
        return secret;
    }

    private static String encoded(String value) {
        return Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode address(String namespace, Optional<String> known) {
        ObjectNode map =
                in(namespace, bare("v1", "ConfigMap", "backend-config")).object();
        known.ifPresent(address -> map.putObject("data").put("api-url", address));
        return map;
    }

    private static void label(ObjectNode object) {
        var metadata = (ObjectNode) object.path("metadata");
        ObjectNode labels = metadata.path("labels") instanceof ObjectNode there ? there : metadata.putObject("labels");
        labels.put("app.kubernetes.io/part-of", "trainyard").put(SETUP, "yes");
    }

    private static List<ObjectNode> read(String file) {
        var objects = new ArrayList<ObjectNode>();
        try (InputStream yaml = Manifests.class.getResourceAsStream("/deploy/" + file);
                var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            while (documents.hasNext()) if (documents.next() instanceof ObjectNode object) objects.add(object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return objects;
    }

    /** Without Secrets, whose place is no file. */
    static String yaml(Wanted wanted) {
        var text = new StringBuilder();
        for (Manifest each : of(wanted))
            if (each.kind().equals("Secret"))
                text.append("# ").append(each.what()).append(" is not printed\n");
            else text.append(YAML.writeValueAsString(each.object()));
        return text.toString();
    }
}
