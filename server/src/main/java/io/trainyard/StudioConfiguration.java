package io.trainyard;

import io.trainyard.contract.studio.StudioSettings;
import io.trainyard.contract.studio.StudioSettings.FlagStyle;
import io.trainyard.contract.studio.StudioSettings.Script;
import io.trainyard.contract.studio.Target;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The settings of the studio contract. */
final class StudioConfiguration {
    /** An answer holds this many characters at most, several times over while it is written. */
    private static final int MAX_LOG_CHARACTERS = 1 << 24;

    private final Configuration all;

    StudioConfiguration(Configuration all) {
        this.all = all;
    }

    StudioSettings settings() {
        return new StudioSettings(
                Path.of(""),
                standard(),
                all.preferredBackend().equals("simulated"),
                new Script(command(), style()),
                lacks(),
                all.whole(Setting.STUDIO_MAX_LOG_CHARS, 1, MAX_LOG_CHARACTERS));
    }

    private Target standard() {
        if (all.some(Setting.STUDIO_BACKEND).isPresent())
            return Target.named(all.text(Setting.STUDIO_BACKEND))
                    .orElseThrow(() -> all.nonsense(Setting.STUDIO_BACKEND, "one of " + Target.WORDS));
        // "auto" and "mock" are no backends of this contract: its own default stands.
        return Target.named(all.text(Setting.JOB_RUNNER).toLowerCase(Locale.ROOT))
                .orElse(Target.KUBERNETES);
    }

    private FlagStyle style() {
        return switch (all.text(Setting.STUDIO_FLAG_STYLE)) {
            case "underscore" -> FlagStyle.UNDERSCORE;
            case "dash" -> FlagStyle.DASH;
            default -> throw all.nonsense(Setting.STUDIO_FLAG_STYLE, "underscore or dash");
        };
    }

    private String command() {
        String python = all.some(Setting.LOCAL_SCRIPT_PYTHON).orElse("python3");
        Path script = all.some(Setting.LOCAL_SCRIPT)
                .map(Path::of)
                .orElseGet(() -> Path.of(all.text(Setting.LOCAL_TRAINER)).resolve("train.py"));
        return python + " " + script.toAbsolutePath().normalize();
    }

    private Map<Target, List<String>> lacks() {
        var lacks = new EnumMap<Target, List<String>>(Target.class);
        lacks.put(
                Target.KUBERNETES,
                unless(Setting.KUBERNETES_IMAGE, "Set K8S_TRAINING_IMAGE to the container image that runs train.py"));
        var vertex = new ArrayList<String>();
        vertex.addAll(unless(Setting.VERTEX_PROJECT, "Set VERTEX_PROJECT (or PROJECT_ID) for Vertex submissions"));
        vertex.addAll(unless(Setting.VERTEX_IMAGE_URI, "Set VERTEX_IMAGE_URI to the trainer container image"));
        lacks.put(Target.VERTEX, vertex);
        return lacks;
    }

    private List<String> unless(Setting set, String remedy) {
        return all.some(set).isPresent() ? List.of() : List.of(remedy);
    }
}
