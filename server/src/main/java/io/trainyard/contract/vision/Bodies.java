package io.trainyard.contract.vision;

import io.javalin.http.Context;
import io.trainyard.http.Body;
import io.trainyard.http.Refusal;
import io.trainyard.wire.Checker;
import io.trainyard.wire.Details;
import io.trainyard.wire.Fields.Shape;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.RawPath;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Reads bodies, and answers those that are none. */
final class Bodies {
    static final int MAX_BYTES = 1 << 20;

    private Bodies() {}

    /** 422 with all that is wrong. */
    static final class Wrong extends RuntimeException {
        private static final long serialVersionUID = 1;
        final transient byte[] answer;

        Wrong(byte[] answer) {
            super("wrong body", null, false, false);
            this.answer = answer;
        }

        Wrong(List<Problem> problems) {
            this(Details.problems("body", problems));
        }
    }

    /** An empty body is null. */
    static Json.Parsed.Tree tree(Context context, int maxBytes) {
        if (!RawPath.mayBeJson(context.header("Content-Type"))) throw new Wrong(List.of(Request.notAnObject()));
        return switch (Json.read(Body.read(context, maxBytes))) {
            case Json.Parsed.Tree tree -> tree;
            case Json.Parsed.Broken broken -> throw new Wrong(Details.broken(broken));
            case Json.Parsed.Unreadable _ -> throw new Refusal(400, "There was an error parsing the body");
        };
    }

    /** @param warnings where unknown fields are named */
    static ObjectNode read(Context context, Shape shape, int maxBytes, List<String> warnings) {
        Json.Parsed.Tree tree = tree(context, maxBytes);
        var checker = new Checker();
        JsonNode root = tree.root().isNull() ? JsonNodeFactory.instance.objectNode() : tree.root();
        if (!root.isObject()) throw new Wrong(List.of(Request.notAnObject()));
        if (tree.odd()) checker.wellFormed(root, Path.BODY);
        ObjectNode body = checker.object(root, shape, Path.BODY);
        if (!checker.problems.isEmpty()) throw new Wrong(checker.problems);
        warnings.addAll(checker.warnings);
        return body;
    }
}
