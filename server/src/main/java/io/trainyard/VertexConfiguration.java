package io.trainyard;

import io.trainyard.backend.vertex.VertexSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** The settings of Vertex AI. */
final class VertexConfiguration {
    private final Configuration all;

    VertexConfiguration(Configuration all) {
        this.all = all;
    }

    VertexSettings settings() {
        return new VertexSettings(
                all.home(),
                new VertexSettings.Project(
                        all.some(Setting.VERTEX_PROJECT).map(_ -> word(Setting.VERTEX_PROJECT)),
                        word(Setting.VERTEX_REGION),
                        all.some(Setting.VERTEX_SERVICE_ACCOUNT),
                        all.some(Setting.VERTEX_NETWORK)),
                new VertexSettings.Defaults(
                        all.some(Setting.VERTEX_IMAGE_URI),
                        all.text(Setting.VERTEX_MACHINE_TYPE),
                        all.text(Setting.VERTEX_ACCELERATOR_TYPE),
                        all.whole(Setting.VERTEX_ACCELERATOR_COUNT, 0, 16),
                        all.whole(Setting.VERTEX_REPLICA_COUNT, 1, 1 << 20),
                        secrets()),
                new VertexSettings.Access(
                        address(Setting.VERTEX_ENDPOINT),
                        address(Setting.VERTEX_LOGGING_ENDPOINT),
                        all.some(Setting.VERTEX_CREDENTIALS).map(Path::of),
                        Duration.ofSeconds(all.whole(Setting.VERTEX_POLL_SECONDS, 1, 3600)),
                        Duration.ofSeconds(all.whole(Setting.VERTEX_LOGS_SETTLE_SECONDS, 0, 3600)),
                        all.flag(Setting.VERTEX_DELETE_FINISHED)),
                all.flag(Setting.VERTEX_SUBMIT));
    }

    /** It becomes a part of addresses. */
    private String word(Setting setting) {
        if (all.text(setting).matches("[A-Za-z0-9.:-]+")) return all.text(setting);
        throw all.nonsense(setting, "a name of letters, digits, - and .");
    }

    private String address(Setting setting) {
        if (all.text(setting).matches("https?://[^\\s/]+(/.*)?"))
            return all.text(setting).replaceAll("/+$", "");
        throw all.nonsense(setting, "an address that begins with http:// or https://");
    }

    private Map<String, String> secrets() {
        var secrets = new HashMap<String, String>();
        for (String pair : all.list(Setting.VERTEX_SECRETS)) {
            int sign = Math.max(0, pair.indexOf('='));
            if (!pair.matches("[A-Za-z_][A-Za-z0-9_]*=projects/[^/=]+/secrets/[^/=]+/versions/[^/=]+"))
                // What stands behind the sign may be a secret itself, put there by mistake.
                throw new Configuration.Nonsense(
                        "%s: \"%s=…\": NAME=projects/P/secrets/S/versions/V is wanted, by comma"
                                .formatted(Setting.VERTEX_SECRETS.key, pair.substring(0, sign)));
            secrets.put(pair.substring(0, sign), pair.substring(sign + 1));
        }
        return secrets;
    }
}
