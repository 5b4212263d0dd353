package io.trainyard.contract.unified;

import io.trainyard.admission.Wanted;
import io.trainyard.contract.unified.Request.Reading;
import io.trainyard.store.MemoryStore;
import io.trainyard.wire.Details;
import io.trainyard.wire.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Bodies, and what becomes of them without a server. */
final class UnifiedBodies {
    private UnifiedBodies() {}

    /** As the published collection sends it. */
    static ObjectNode demo() {
        return (ObjectNode) Json.MAPPER.readTree("""
            {"framework": "hf", "model_id": "org/tiny", "run_id": "demo-1", "checkpoint_base_uri": "s3://bucket/runs",
             "dataset_uri": "s3://bucket/rows.jsonl"}
            """);
    }

    static ObjectNode with(Consumer<ObjectNode> change) {
        ObjectNode body = demo();
        change.accept(body);
        return body;
    }

    /** The value as JSON, since wrong ones have all types. */
    static ObjectNode with(String field, String json) {
        return with(body -> body.set(field, Json.MAPPER.readTree(json)));
    }

    static Reading read(JsonNode body) {
        return Request.read(body, true);
    }

    static Request good(JsonNode body) {
        return switch (read(body)) {
            case Reading.Good good -> good.request();
            case Reading.Wrong wrong -> throw new AssertionError(refusal(wrong).toString());
        };
    }

    static Wanted wanted(JsonNode body) {
        return wanted(good(body));
    }

    /** Under its name where no other run has it. */
    static Wanted wanted(Request request) {
        String name = new RunNames(new MemoryStore(() -> Instant.EPOCH).jobs()).choose(request);
        return Translator.wanted(request, name, "default", Optional.empty());
    }

    static JsonNode refusal(Reading.Wrong wrong) {
        return Json.MAPPER.readTree(Details.problems("body", wrong.problems()));
    }

    /** The places at fault, such as {@code extra_args.a}. */
    static List<String> faults(JsonNode body) {
        return switch (read(body)) {
            case Reading.Good _ -> List.of();
            case Reading.Wrong wrong -> {
                var places = new ArrayList<String>();
                for (var problem : wrong.problems()) places.add(problem.where().toString());
                yield places;
            }
        };
    }

    static List<String> arguments(JsonNode body) {
        return wanted(body).spec().container().arguments();
    }
}
