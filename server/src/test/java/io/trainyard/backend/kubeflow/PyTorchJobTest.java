package io.trainyard.backend.kubeflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.spec.Artifacts;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.Hyperparameters;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import io.trainyard.spec.Model;
import io.trainyard.spec.Placement;
import io.trainyard.spec.Policy;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Settings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PyTorchJobTest {
    private static final PyTorchJobWorkload BACKEND = PyTorchJobWorkload.rendering("jobs");

    private static JobSpec spec(String name, int nodes, int gpus, Container container) {
        return new JobSpec(
                name,
                JobSpec.Framework.HF,
                new Model("huggingface", "m", "main", Optional.empty(), Optional.empty()),
                List.of(),
                new Method(
                        Method.Kind.FULL,
                        List.of(),
                        Method.Precision.BF16,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                Hyperparameters.DEFAULT,
                new Resources(nodes, gpus, Optional.empty(), 4, 16, Optional.empty()),
                new Artifacts(Optional.empty(), Optional.empty(), Optional.empty(), Artifacts.Checkpoints.DEFAULT),
                container,
                Map.of(),
                Map.of(),
                List.of(),
                Placement.ANYWHERE,
                Policy.DEFAULT,
                Settings.NONE);
    }

    private static Container container(List<String> command, List<String> arguments, Variable... environment) {
        return new Container(Optional.of("image:1"), command, arguments, List.of(environment));
    }

    private static String manifest(JobSpec spec) {
        return BACKEND.plan(spec).manifest();
    }

    @Test
    void F3_the_container_is_named_as_the_training_operator_demands() {
        String manifest = manifest(spec("a", 2, 1, container(List.of(), List.of("train.py"))));
        assertEquals(2, manifest.split("- name: pytorch\n", -1).length - 1);
        assertFalse(manifest.contains("name: trainer"));
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, true"})
    void workers_stand_only_where_there_is_more_than_one_node(int nodes, boolean workers) {
        String manifest = manifest(spec("a", nodes, 1, container(List.of(), List.of("train.py"))));
        assertEquals(workers, manifest.contains("Worker:"));
        assertTrue(manifest.contains("- \"--nnodes=" + nodes + "\""), manifest);
    }

    @Test
    void F20_no_shell_stands_between_the_arguments_and_the_program() {
        String manifest = manifest(spec("a", 1, 2, container(List.of(), List.of("train.py", "--x", "; rm -rf /"))));
        assertFalse(manifest.contains("bash") || manifest.contains("/bin/sh"), manifest);
        assertTrue(manifest.contains("- torchrun\n"), manifest);
        assertTrue(manifest.contains("- \"--nproc_per_node=2\"\n"), manifest);
        assertTrue(manifest.contains("- \"; rm -rf /\"\n"), manifest);
    }

    @Test
    void a_command_of_the_jobs_own_is_taken_as_it_is() {
        String manifest = manifest(spec("a", 1, 0, container(List.of("python", "-m", "x"), List.of("y"))));
        assertFalse(manifest.contains("torchrun"), manifest);
        assertFalse(manifest.contains("nvidia.com/gpu"), manifest);
        assertTrue(manifest.contains("command:\n            - python\n            - \"-m\"\n"), manifest);
    }

    /** As Kubernetes itself expands: {@code $$} is a dollar sign, {@code $(A)} the variable. */
    private static String expanded(String text) {
        var out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            char next = i + 1 < text.length() ? text.charAt(i + 1) : ' ';
            if (each == '$' && next == '$') {
                out.append('$');
                i++;
            } else if (each == '$' && next == '(' && text.indexOf(')', i) > 0) {
                out.append("EXPANDED");
                i = text.indexOf(')', i);
            } else {
                out.append(each);
            }
        }
        return out.toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"$(A)", "$$(A)", "$$$(A)", "a$$b", "$", "$$", "$(", "$A", "cost: 5$ (net)", "${A}", "plain"})
    void what_looks_like_a_reference_arrives_as_it_was_sent(String text) {
        assertEquals(text, expanded(PyTorchJob.literal(text)));
    }

    @Test
    void a_secret_is_a_reference_to_the_jobs_own_secret() {
        String manifest = manifest(spec(
                "a",
                1,
                1,
                container(List.of(), List.of(), new Variable.Secret("HF_TOKEN", new SecretRef("env.HF_TOKEN")))));
        assertTrue(
                manifest.contains(
                        "secretKeyRef:\n                  name: a-secrets\n                  key: env.HF_TOKEN"),
                manifest);
    }

    @ParameterizedTest
    @CsvSource({"hf-demo-001, hf-demo-001", "1st.run, st-run-", "A_b, a-b-", "123, job-"})
    void a_name_that_the_cluster_takes_is_kept_and_any_other_derived(String name, String start) {
        String derived = ClusterName.of(name);
        assertTrue(derived.startsWith(start), derived);
        assertTrue(derived.matches("[a-z]([a-z0-9-]*[a-z0-9])?") && derived.length() <= 51, derived);
    }

    @Test
    void names_that_look_alike_stay_apart() {
        assertFalse(ClusterName.of("a_b").equals(ClusterName.of("a.b")));
        assertEquals(30, ClusterName.of("x".repeat(63)).length());
    }

    @Test
    void without_an_image_there_is_nothing_to_run() {
        var spec = spec("a", 1, 1, Container.NONE);
        assertEquals(1, BACKEND.plan(spec).objections().size());
        assertTrue(BACKEND.plan(spec).objections().getFirst().startsWith("container.image: "));
    }

    @Test
    void yaml_quotes_what_would_be_read_as_something_else() {
        var values = new LinkedHashMap<String, Object>();
        values.put(
                "a", List.of("yes", "8", "1.5", "null", "", "a: b", "# c", "- d", "x\ny", "é", "\u0007", "plain/v1"));
        values.put("b", Map.of());
        values.put("c", List.of());
        values.put("d", 5);
        assertEquals("""
                a:
                - "yes"
                - "8"
                - "1.5"
                - "null"
                - ""
                - "a: b"
                - "# c"
                - "- d"
                - "x\\ny"
                - "é"
                - "\\u0007"
                - plain/v1
                b: {}
                c: []
                d: 5
                """, Yaml.of(values));
    }
}
