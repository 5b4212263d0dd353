package io.trainyard.contract.trainer;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.trainyard.contract.trainer.Request.Reading;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Thousands of damaged bodies: each is taken or refused, none is an exception, and what is taken can be answered. */
class TrainerMutationTest {
    private static final int BODIES = 6_000;
    private static final long SEED = 20_261_123;
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1",
            "8",
            "1.5",
            "1e999",
            "NaN",
            "-Infinity",
            "2147483647",
            "2147483648",
            "-9223372036854775809",
            "1e-320",
            "\"\"",
            "\" \"",
            "\"8\"",
            "\"ünï 🚂\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "[]",
            "[null]",
            "[[[]]]",
            "{}",
            "{\"\": null}",
            "{\"a\": {\"b\": [1, {}]}}",
            "[{\"name\": 1, \"value\": true}]",
            "\"a 'b\"",
            "\"http://h/x\"",
            "\"lora\"",
            "[\"submitted\"]",
            "{\"limits\": {\"cpu\": \"7m\"}}");

    @Test
    void no_damaged_body_is_an_exception() {
        var random = new Random(SEED);
        ObjectNode smallest = TrainerBodies.smallest();
        ObjectNode fullest = TrainerBodies.fullest();
        int taken = 0;
        for (int i = 0; i < BODIES; i++) {
            ObjectNode body = random.nextInt(4) == 0 ? smallest.deepCopy() : fullest.deepCopy();
            int damages = 1 + random.nextInt(3);
            for (int d = 0; d < damages; d++) damage(body, random);
            int number = i;
            if (assertDoesNotThrow(
                    () -> handled(body, random), () -> "seed " + SEED + ", body " + number + ": " + body)) taken++;
        }
        assertFalse(taken < BODIES / 20, "only " + taken + " bodies were taken: the damage is too great to prove much");
    }

    @Test
    void no_damaged_bytes_are_an_exception() {
        var random = new Random(SEED);
        byte[] whole = TrainerBodies.fullest().toString().getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < BODIES; i++) {
            byte[] bytes = random.nextInt(5) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int d = random.nextInt(4); d > 0 && bytes.length > 0; d--)
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            int number = i;
            assertDoesNotThrow(
                    () -> {
                        switch (Json.read(bytes)) {
                            case Json.Parsed.Tree tree -> handled(tree.root(), tree.odd());
                            case Json.Parsed.Broken broken ->
                                assertNotNull(Json.MAPPER.readTree(Details.broken(broken)));
                            case Json.Parsed.Unreadable _ -> {}
                        }
                    },
                    () -> "seed " + SEED + ", bytes " + number);
        }
    }

    private static boolean handled(JsonNode body, Random random) {
        return handled(body, true, Service.ALL.get(random.nextInt(3)));
    }

    private static void handled(JsonNode body, boolean odd) {
        handled(body, odd, Service.HF_UNSLOTH);
    }

    private static boolean handled(JsonNode body, boolean odd, Service service) {
        return switch (Request.read(body, odd, service, RuntimeDefaults.PUBLISHED)) {
            case Reading.Good good -> {
                var wanted = Translator.wanted(good.request(), "default", RuntimeDefaults.PUBLISHED, Optional.empty());
                assertNotNull(Json.MAPPER.readTree(wanted.request()));
                yield true;
            }
            case Reading.Wrong wrong -> {
                assertFalse(wrong.problems().isEmpty());
                assertNotNull(Json.MAPPER.readTree(Details.problems("body", wrong.problems())));
                yield false;
            }
            case Reading.Refused refused -> {
                assertNotNull(Json.MAPPER.readTree(Details.text(refused.text())));
                yield false;
            }
        };
    }

    private static void damage(ObjectNode body, Random random) {
        var containers = new ArrayList<JsonNode>();
        gather(body, containers);
        JsonNode chosen = containers.get(random.nextInt(containers.size()));
        JsonNode value = Json.MAPPER.readTree(VALUES.get(random.nextInt(VALUES.size())));
        if (chosen instanceof ObjectNode object) {
            var names = new ArrayList<>(object.propertyNames());
            String name = names.isEmpty() || random.nextInt(8) == 0
                    ? "extra" + random.nextInt(9)
                    : names.get(random.nextInt(names.size()));
            if (random.nextInt(6) == 0) object.remove(name);
            else object.set(name, value);
        } else if (chosen instanceof ArrayNode array) {
            if (array.isEmpty() || random.nextBoolean()) array.add(value);
            else array.set(random.nextInt(array.size()), value);
        }
    }

    private static void gather(JsonNode node, List<JsonNode> containers) {
        if (!node.isContainer()) return;
        containers.add(node);
        for (JsonNode each : node) gather(each, containers);
    }
}
