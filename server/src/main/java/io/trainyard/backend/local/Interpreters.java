package io.trainyard.backend.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The Python of each framework. Every framework has packages of its own, in an environment that {@code
 * trainer/environment} makes and finds; the setting names the one of {@code hf}, which {@code meta} shares.
 */
final class Interpreters {
    static final List<String> FRAMEWORKS = List.of("hf", "meta", "unsloth", "nemo", "timm", "ultralytics");
    /** As {@code trainer/environment} makes them. */
    static final List<String> ENVIRONMENTS =
            FRAMEWORKS.stream().map(Interpreters::environment).distinct().toList();

    /** Making one takes longer than this, so nobody waits for it in vain. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

    private static final Duration FOUND_WITHIN = Duration.ofSeconds(5);

    private final LocalSettings settings;
    private final Map<String, Look> looked = new ConcurrentHashMap<>();

    private record Look(Optional<String> found, long nanos) {
        boolean holds() {
            return found.isPresent() || System.nanoTime() - nanos < LOOK_AGAIN.toNanos();
        }
    }

    Interpreters(LocalSettings settings) {
        this.settings = settings;
    }

    /** @param framework as {@code run.json} says it */
    Optional<String> of(String framework) {
        return switch (framework) {
            case "hf", "meta" -> settings.python().get();
            // Its kernels need a GPU; without its own packages the hf recipe trains the same.
            case "unsloth" -> kept(framework).or(settings.python());
            // That of ultralytics holds all of timm too.
            case "timm" -> kept(framework).or(() -> kept("ultralytics"));
            default -> kept(framework);
        };
    }

    /** Whose packages it needs, where each has its own. */
    static String environment(String framework) {
        return framework.equals("meta") ? "hf" : framework;
    }

    /** Those whose jobs run by this interpreter. */
    List<String> sharing(String python) {
        return FRAMEWORKS.stream()
                .filter(each -> of(each).equals(Optional.of(python)))
                .toList();
    }

    private Optional<String> kept(String framework) {
        Look look = looked.get(framework);
        if (look == null || !look.holds()) {
            look = new Look(found(framework), System.nanoTime());
            looked.put(framework, look);
        }
        return look.found();
    }

    private Optional<String> found(String framework) {
        Path script = settings.trainer().resolve("environment");
        if (!Files.isExecutable(script)) return Optional.empty();
        try {
            Process process = new ProcessBuilder(List.of(script.toString(), framework, "--find"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(FOUND_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            String path = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.exitValue() == 0 && !path.isEmpty() ? Optional.of(path) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
