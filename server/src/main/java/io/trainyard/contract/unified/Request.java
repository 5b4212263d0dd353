package io.trainyard.contract.unified;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Labels;
import io.trainyard.wire.Names;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Problem.Path;
import io.trainyard.wire.Secrecy;
import java.nio.charset.StandardCharsets;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request found good, after defaults.
 *
 * @param body its fields in their published order, secrets included, URIs without trailing slashes
 * @param secrets values by name
 * @param hidden the nodes of the body that hold secrets, by identity (hence not copied), with their names
 */
record Request(
        ObjectNode body,
        ExtraArguments extraArguments,
        Map<String, String> secrets,
        IdentityHashMap<JsonNode, String> hidden,
        List<String> warnings) {

    /** What became of a body. */
    sealed interface Reading {
        record Good(Request request) implements Reading {}

        /** 422 with all of them. */
        record Wrong(List<Problem> problems) implements Reading {}
    }

    /** @param odd whether text in the body may be none that can be kept */
    static Reading read(JsonNode root, boolean odd) {
        var checker = new Checker();
        if (root.isNull()) checker.wrong(Path.BODY, null, false, "field required", "value_error.missing");
        else if (!root.isObject()) checker.problems.add(notAnObject());
        if (!checker.problems.isEmpty()) return new Reading.Wrong(checker.problems);
        if (odd) checker.wellFormed(root, Path.BODY);
        Uris.mustBeText(root, checker);
        ObjectNode body = checker.object(root, Tables.REQUEST, Path.BODY);
        if (!checker.problems.isEmpty()) return new Reading.Wrong(checker.problems);
        Uris.settle(body, checker);
        judgeNames(body, checker);
        judgeLabels(body, checker);
        var extraArguments = new ExtraArguments((ObjectNode) body.get("extra_args"), checker);
        judgeVariables((ObjectNode) body.get("env"), checker);
        if (!checker.problems.isEmpty()) return new Reading.Wrong(checker.problems);
        return new Reading.Good(
                new Request(body, extraArguments, checker.secrets, checker.hidden, List.copyOf(checker.warnings)));
    }

    static Problem notAnObject() {
        return new Problem(Path.BODY, "value is not a valid dict", "type_error.dict", null, Map.of());
    }

    String framework() {
        return text("framework");
    }

    String runId() {
        return text("run_id");
    }

    String text(String field) {
        return body.get(field).stringValue();
    }

    /** Empty text counts as absent. */
    Optional<String> some(String field) {
        return Optional.ofNullable(body.get(field).stringValue(null)).filter(text -> !text.isEmpty());
    }

    private static void judgeNames(ObjectNode body, Checker checker) {
        tooLong(body, "model_id", checker);
        tooLong(body, "image", checker);
        tooLong(body, "config_path", checker);
        JsonNode runId = body.get("run_id");
        if (!Labels.isValue(runId.stringValue()))
            checker.wrong(
                    Path.BODY.child("run_id"),
                    runId,
                    false,
                    "not a label value: " + Labels.VALUE_RULE,
                    "value_error.label.value");
        JsonNode jobName = body.get("job_name");
        if (jobName.isString() && !jobName.stringValue().isEmpty() && !Names.isDnsName(jobName.stringValue()))
            checker.wrong(
                    Path.BODY.child("job_name"),
                    jobName,
                    false,
                    "not a DNS name: at most 63 small letters, digits, '-' and '.', starting and ending with a letter"
                            + " or digit",
                    "value_error.dns_name");
        JsonNode namespace = body.get("namespace");
        boolean given = namespace.isString() && !namespace.stringValue().isEmpty();
        if (given
                && (!Names.isDnsName(namespace.stringValue())
                        || namespace.stringValue().indexOf('.') >= 0))
            checker.wrong(
                    Path.BODY.child("namespace"),
                    namespace,
                    false,
                    "not a namespace: at most 63 small letters, digits and '-', starting and ending with a letter or"
                            + " digit",
                    "value_error.dns_label");
    }

    private static void tooLong(ObjectNode body, String field, Checker checker) {
        JsonNode value = body.get(field);
        if (!value.isString() || value.stringValue().length() <= Uris.MAX_CHARACTERS) return;
        checker.wrong(
                Path.BODY.child(field),
                value,
                false,
                "ensure this value has at most " + Uris.MAX_CHARACTERS + " characters",
                "value_error.any_str.max_length",
                Map.of("limit_value", Uris.MAX_CHARACTERS));
    }

    /** What a cluster would refuse later, with a text of its own and long after the answer. */
    private static void judgeLabels(ObjectNode body, Checker checker) {
        Labels.read(body.get("labels"), Path.BODY.child("labels"), checker, true);
        JsonNode annotations = body.get("annotations");
        Labels.read(annotations, Path.BODY.child("annotations"), checker, false);
        long bytes = 0;
        for (var entry : annotations.properties()) {
            if (Secrecy.suspicious(entry.getKey()))
                checker.secret(entry.getValue(), Path.BODY.child("annotations").child(entry.getKey()));
            bytes += entry.getKey().length() + entry.getValue().stringValue().getBytes(StandardCharsets.UTF_8).length;
        }
        if (bytes > Labels.MAX_ANNOTATION_BYTES)
            checker.wrong(
                    Path.BODY.child("annotations"),
                    null,
                    true,
                    "ensure that keys and values have together at most " + Labels.MAX_ANNOTATION_BYTES + " bytes",
                    "value_error.annotations.max_length",
                    Map.of("limit_value", Labels.MAX_ANNOTATION_BYTES));
    }

    private static void judgeVariables(ObjectNode env, Checker checker) {
        Path at = Path.BODY.child("env");
        for (var entry : env.properties()) {
            String name = entry.getKey();
            String value = entry.getValue().stringValue();
            if (!Names.isVariable(name))
                checker.wrong(
                        at.child(name), null, true, "not a name of an environment variable", "value_error.env.name");
            else if (value.length() > ExtraArguments.MAX_JSON_CHARACTERS)
                checker.wrong(
                        at.child(name),
                        null,
                        true,
                        "ensure this value has at most " + ExtraArguments.MAX_JSON_CHARACTERS + " characters",
                        "value_error.any_str.max_length",
                        Map.of("limit_value", ExtraArguments.MAX_JSON_CHARACTERS));
        }
        // Last, when the secrets of the whole body are known.
        for (var entry : env.properties()) {
            if (Secrecy.looksSecret(entry.getKey(), entry.getValue().stringValue(), checker.secrets.values()))
                checker.secret(entry.getValue(), at.child(entry.getKey()));
        }
    }
}
