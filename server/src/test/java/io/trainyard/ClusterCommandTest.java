package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.trainyard.cluster.Cluster;
import io.trainyard.cluster.RealCluster;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Real: a cluster is made ready, looked at and cleaned by the command as an operator types it. */
@RealCluster
class ClusterCommandTest {
    private static final Map<String, String> STORAGE = Map.of(
            "AWS_S3_ENDPOINT_URL", "https://storage.example.com",
            "AWS_ACCESS_KEY_ID", "key-of-storage",
            "AWS_SECRET_ACCESS_KEY", "secret-of-storage",
            "BACKEND_API_URL", "http://backend-api:8000");

    private static final AtomicInteger tests = new AtomicInteger();

    private Cluster cluster;
    private String vision;
    private String server;

    private record Said(int code, String out, String err) {
        JsonNode json() {
            return new JsonMapper().readTree(out);
        }
    }

    @BeforeEach
    void names(Cluster real) {
        cluster = real;
        // A namespace takes its time to go: each test has its own.
        int number = tests.incrementAndGet();
        vision = cluster.namespace() + "-vision-" + number;
        server = cluster.namespace() + "-server-" + number;
    }

    private Said say(Map<String, String> environment, String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--kubernetes-kubeconfig", cluster.kubeconfig().toString()));
        all.addAll(List.of("--kubernetes-namespace", cluster.namespace()));
        all.addAll(List.of("--jobs-namespace", cluster.namespace()));
        all.addAll(List.of("--vision-namespace", vision, "--server-namespace", server));
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var streams = new ClusterCommand.Streams(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        int code = ClusterCommand.of(all, environment, streams).run();
        return new Said(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static List<String> outcomes(Said said) {
        return said.json()
                .get("objects")
                .valueStream()
                .map(each -> each.get("outcome").stringValue())
                .distinct()
                .sorted()
                .toList();
    }

    @Test
    void what_is_set_up_is_there_once_and_cleaning_takes_only_that_away() {
        Said rehearsed = say(STORAGE, "setup", "--dry-run", "--json");
        assertEquals(0, rehearsed.code(), rehearsed.out());
        assertNull(cluster.client().namespaces().withName(vision).get());
        assertEquals(1, say(STORAGE, "status", "--json").code());

        Said made = say(STORAGE, "setup", "--json");
        assertEquals(0, made.code(), made.out());
        assertTrue(outcomes(made).contains("created"), made.out());
        assertFalse(made.out().contains("secret-of-storage"), made.out());
        var secret = cluster.client()
                .secrets()
                .inNamespace(vision)
                .withName("r2-credentials")
                .get();
        assertEquals(
                "secret-of-storage",
                new String(Base64.getDecoder().decode(secret.getData().get("secret-key")), StandardCharsets.UTF_8));
        assertEquals(List.of("unchanged"), outcomes(say(STORAGE, "setup", "--json")));
        assertEquals(List.of("unchanged"), outcomes(say(Map.of(), "status", "--json")));
        say(Map.of(), "setup");
        assertNotNull(cluster.client()
                .secrets()
                .inNamespace(vision)
                .withName("r2-credentials")
                .get());

        var foreign = new ConfigMapBuilder()
                .withNewMetadata()
                .withName("of-others")
                .endMetadata()
                .build();
        cluster.client().configMaps().inNamespace(vision).resource(foreign).create();
        Said cleaned = say(Map.of(), "clean");
        assertEquals(0, cleaned.code(), cleaned.out());
        assertNull(cluster.client()
                .secrets()
                .inNamespace(vision)
                .withName("r2-credentials")
                .get());
        assertNull(cluster.client()
                .serviceAccounts()
                .inNamespace(server)
                .withName("trainyard")
                .get());
        assertNotNull(cluster.client()
                .configMaps()
                .inNamespace(vision)
                .withName("of-others")
                .get());
        say(Map.of(), "clean", "--namespaces");
        Cluster.until(
                "the namespaces are gone",
                () -> cluster.client().namespaces().withName(vision).get() == null);
        assertNotNull(
                cluster.client().namespaces().withName(cluster.namespace()).get());
    }

    @Test
    void a_field_that_somebody_else_set_is_theirs_until_force_is_said() {
        say(Map.of(), "setup");
        cluster.client()
                .rbac()
                .roles()
                .inNamespace(cluster.namespace())
                .withName("trainyard")
                .edit(role -> {
                    role.getRules().removeLast();
                    return role;
                });
        Said refused = say(Map.of(), "setup");
        assertEquals(1, refused.code(), refused.out());
        assertTrue(refused.out().contains("say --force"), refused.out());
        Said forced = say(Map.of(), "setup", "--force");
        assertEquals(0, forced.code(), forced.out());
        assertTrue(forced.out().contains("changed    Role " + cluster.namespace() + "/trainyard"), forced.out());
        say(Map.of(), "clean", "--namespaces");
    }

    @Test
    void a_cluster_with_jobs_keeps_what_they_need() {
        say(Map.of(), "setup");
        var job = new JobBuilder()
                .withNewMetadata()
                .withName("train")
                .addToLabels("app.kubernetes.io/managed-by", "trainyard")
                .endMetadata()
                .withNewSpec()
                .withSuspend(true)
                .withNewTemplate()
                .withNewSpec()
                .withRestartPolicy("Never")
                .addNewContainer()
                .withName("trainer")
                .withImage("trainer:1")
                .endContainer()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build();
        cluster.client().batch().v1().jobs().resource(job).create();
        Said held = say(Map.of(), "clean");
        assertEquals(1, held.code());
        assertTrue(held.err().contains("jobs " + cluster.namespace() + "/train"), held.err());
        assertNotNull(cluster.client()
                .serviceAccounts()
                .inNamespace(server)
                .withName("trainyard")
                .get());
        assertEquals(0, say(Map.of(), "clean", "--yes", "--namespaces").code());
        cluster.client().batch().v1().jobs().withName("train").delete();
    }

    @Test
    void what_is_printed_has_no_secret() {
        String yaml = say(STORAGE, "setup", "--print").out();
        assertTrue(yaml.contains("kind: \"RoleBinding\"") && yaml.contains("http://backend-api:8000"), yaml);
        assertFalse(yaml.contains("c2VjcmV0LW9m") || yaml.contains("secret-of"), yaml);
    }

    @Test
    void wrong_words_are_named() {
        for (String[] words : List.of(
                new String[] {"remove"}, new String[] {"setup", "--dryrun"}, new String[] {"status", "--force"}))
            assertTrue(String.valueOf(assertThrows(Configuration.Nonsense.class, () -> say(Map.of(), words))
                            .getMessage())
                    .contains(words[words.length - 1]));
    }
}
