package io.trainyard.cli.images;

import io.trainyard.cli.session.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where the sources of the images are, and where the images go. */
final class Place {
    /** The same variables and defaults as the server has for the images of its jobs. */
    static final List<String> REGISTRY = List.of("DOCKER_REGISTRY", "TRAINYARD_VISION_REGISTRY");

    static final List<String> TAG = List.of("TRAINER_IMAGE_VERSION", "TRAINYARD_VISION_IMAGE_VERSION");
    static final String NO_REGISTRY = "ghcr.io/myorg";
    private static final String USUAL_TAG = "v1.0";
    private static final String CHECKOUT = "TRAINYARD_CHECKOUT";
    private static final String UNKNOWN = "unknown";

    private static final Pattern REGISTRY_NAME =
            Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*");
    private static final Pattern TAG_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

    private final Map<String, String> environment;

    Place(Map<String, String> environment) {
        this.environment = environment;
    }

    String registry(@Nullable String given) {
        String registry = given != null ? given : variable(REGISTRY).orElse(NO_REGISTRY);
        if (registry.endsWith("/")) registry = registry.substring(0, registry.length() - 1);
        if (!REGISTRY_NAME.matcher(registry).matches())
            throw new Usage(
                    "--registry: '%s' is no registry, such as registry.example.com/team (no scheme, in small letters)"
                            .formatted(registry));
        return registry;
    }

    String tag(@Nullable String given) {
        String tag = given != null ? given : variable(TAG).orElse(USUAL_TAG);
        if (!TAG_NAME.matcher(tag).matches())
            throw new Usage("--tag: '%s' is no tag: letters, digits, _ . - and 128 characters at most".formatted(tag));
        return tag;
    }

    private Optional<String> variable(List<String> names) {
        return names.stream()
                .map(name -> environment.getOrDefault(name, ""))
                .filter(value -> !value.isEmpty())
                .findFirst();
    }

    /** The folder of a checkout; the images are built from its files. */
    Path checkout(@Nullable Path given) {
        Path found = given != null
                ? given
                : Path.of(environment.getOrDefault(CHECKOUT, "")).toAbsolutePath();
        if (Files.isRegularFile(found.resolve("deploy").resolve("images").resolve("Dockerfile"))) return found;
        throw new Usage("There is no deploy/images/Dockerfile in %s; name a checkout of Trainyard with --checkout"
                .formatted(found));
    }

    static Path file(String option, Path file) {
        if (Files.isReadable(file)) return file.toAbsolutePath();
        throw new Usage("%s: %s cannot be read".formatted(option, file));
    }

    /** The commit that is built; {@code -dirty} where files differ from it. */
    String revision(Path checkout) {
        Optional<Path> git = Engine.program("git", environment);
        if (git.isEmpty()) return UNKNOWN;
        var command = List.of(
                git.get().toString(),
                "-C",
                checkout.toString(),
                "describe",
                "--always",
                "--dirty",
                "--abbrev=40",
                "--exclude=*");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 && !said.isEmpty() ? said : UNKNOWN;
        } catch (IOException _) {
            return UNKNOWN;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts the main thread", interrupted);
        }
    }
}
