package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.trainyard.admission.Wanted;
import io.trainyard.contract.trainer.Request.Reading;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class TrainerServicesTest {
    private static String refusal(Service service, String provider, String method, int gpus, int memoryGb) {
        ObjectNode body = TrainerBodies.smallest();
        body.putObject("base_model").put("provider", provider).put("model_name", "m");
        body.putObject("customization").put("method", method);
        body.putObject("resources").put("gpus", gpus).put("memory_gb", memoryGb);
        return switch (TrainerBodies.read(body, service)) {
            case Reading.Good _ -> "";
            case Reading.Refused refused -> refused.text();
            case Reading.Wrong wrong -> throw new AssertionError(wrong.problems());
        };
    }

    @Test
    void F19_nemo_refuses_in_its_words_always_in_the_same_order() {
        assertEquals("", refusal(Service.NEMO, "nemotron", "lora", 1, 1));
        assertEquals("", refusal(Service.NEMO, "bim", "full", 4, 1));
        assertEquals(
                "Nemo backend only supports providers ['bim', 'nemo', 'nemotron'], got meta",
                refusal(Service.NEMO, "meta", "full", 0, 1));
        assertEquals("Nemo fine-tuning requires at least one GPU", refusal(Service.NEMO, "nemo", "full", 0, 1));
        assertEquals(
                "Full fine-tuning typically needs >=4 GPUs for stability", refusal(Service.NEMO, "nemo", "full", 3, 1));
    }

    @Test
    void meta_refuses_in_its_words() {
        assertEquals("", refusal(Service.META, "huggingface", "full", 2, 128));
        assertEquals(
                "Meta backend expects Meta released models or Hugging Face mirrors",
                refusal(Service.META, "nemo", "full", 0, 1));
        assertEquals("Meta adapters need at least 2 GPUs for ZeRO stages", refusal(Service.META, "meta", "full", 1, 1));
        assertEquals(
                "Full Meta fine-tuning typically needs >=128GB host memory",
                refusal(Service.META, "meta", "full", 2, 127));
    }

    @Test
    void hf_unsloth_refuses_in_its_words() {
        for (String provider : List.of("huggingface", "meta", "custom", "mistral", "tii"))
            assertEquals("", refusal(Service.HF_UNSLOTH, provider, "peft", 1, 1));
        assertEquals(
                "Hugging Face backend is limited to HF-hosted models",
                refusal(Service.HF_UNSLOTH, "bim", "full", 0, 1));
        for (String method : List.of("full", "adapter"))
            assertEquals(
                    "Unsloth path targets parameter-efficient tuning methods",
                    refusal(Service.HF_UNSLOTH, "custom", method, 0, 1));
        assertEquals(
                "At least one GPU required for Unsloth fine-tuning",
                refusal(Service.HF_UNSLOTH, "custom", "lora", 0, 1));
    }

    @Test
    void a_broken_rule_is_no_excuse_for_a_broken_field() {
        ObjectNode body = TrainerBodies.smallest();
        body.putObject("resources").put("gpus", 0);
        body.putObject("extra_parameters").putArray("num_nodes");
        assertInstanceOf(Reading.Wrong.class, TrainerBodies.read(body));
    }

    @Test
    void names_are_derived_as_the_first_implementation_did() {
        for (var pair : List.of(
                List.of("Weird Name!! _x", "weird-name-x"),
                List.of("ünï-çödé-作业", "n---d"),
                List.of("---", "nemo-job"),
                List.of("", "nemo-job"),
                List.of("🚂", "nemo-job"),
                List.of("123e4567-e89b-12d3-a456-426614174000", "nemo-job-123e4567-e89b-12d3-a456-426614174000"),
                List.of("../../etc", "etc"),
                List.of("A".repeat(70), "a".repeat(63)),
                List.of("a".repeat(62) + "-b", "a".repeat(62))))
            assertEquals(pair.getLast(), Service.NEMO.backendJobId(pair.getFirst()), pair.getFirst());
    }

    @Test
    void F9_the_studios_flat_values_and_keys_are_what_the_job_trains_with() throws IOException {
        Wanted wanted = TrainerBodies.wanted(
                Files.readString(Path.of("src/test/resources/contract/trainer/studio/request.json")));
        assertEquals(
                Optional.of(new Method.Lora(64, 7, 0.2, List.of("q_proj", "k_proj"))),
                wanted.spec().method().lora());
        var keys = new HashMap<String, String>();
        for (Variable variable : wanted.spec().container().environment())
            if (variable instanceof Variable.Secret(String name, var secret) && name.startsWith("AWS_"))
                keys.put(name, wanted.secrets().get(secret));
        assertEquals(
                Map.of(
                        "AWS_ACCESS_KEY_ID", "AKIASTUDIOEXAMPLE",
                        "AWS_SECRET_ACCESS_KEY", "studio/secret+key",
                        "AWS_REGION", "eu-central-1"),
                keys);
    }

    @Test
    void F18_the_longest_duration_and_the_kind_of_gpu_are_part_of_the_job() {
        JobSpec spec = TrainerBodies.wanted(TrainerBodies.fullest()).spec();
        assertEquals(Optional.of(Duration.ofMinutes(60)), spec.policy().maxDuration());
        assertEquals(Optional.of("L4"), spec.resources().gpuType());
    }
}
