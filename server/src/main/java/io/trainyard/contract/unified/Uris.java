package io.trainyard.contract.unified;

import io.trainyard.wire.Checker;
import io.trainyard.wire.Problem.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The two places a run reads from and writes to: a bucket by its scheme, or a path. */
final class Uris {
    static final int MAX_CHARACTERS = 4096;
    private static final List<String> FIELDS = List.of("checkpoint_base_uri", "dataset_uri");
    private static final Pattern SCHEME_ALONE = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:/*");

    private Uris() {}

    /** Here numbers were never taken for text. */
    static void mustBeText(JsonNode root, Checker checker) {
        for (String field : FIELDS) {
            JsonNode value = root.get(field);
            if (value != null && !value.isNull() && !value.isString())
                checker.wrong(Path.BODY.child(field), value, false, "URI fields must be strings", "value_error");
        }
    }

    /** Without trailing slashes; what is no place is refused. */
    static void settle(ObjectNode body, Checker checker) {
        for (String field : FIELDS) {
            String uri = body.get(field).stringValue();
            String complaint = complaint(uri);
            if (complaint == null) body.put(field, stripped(uri));
            else
                checker.wrong(
                        Path.BODY.child(field),
                        body.get(field),
                        false,
                        complaint,
                        "value_error.uri",
                        Map.of("examples", List.of("s3://bucket/runs", "gs://bucket/runs", "/data/runs")));
        }
    }

    private static @Nullable String complaint(String uri) {
        if (uri.length() > MAX_CHARACTERS) return "ensure this value has at most " + MAX_CHARACTERS + " characters";
        if (uri.isBlank() || stripped(uri).isEmpty()) return "URI names no place";
        if (SCHEME_ALONE.matcher(uri).matches()) return "URI names no bucket or path behind its scheme";
        if (uri.chars().anyMatch(each -> each < ' ' || each == 0x7F))
            return "URI invalid, control characters are not allowed";
        return null;
    }

    private static String stripped(String uri) {
        int end = uri.length();
        while (end > 0 && uri.charAt(end - 1) == '/') end--;
        return uri.substring(0, end);
    }
}
