package io.trainyard.cli.images;

import io.trainyard.cli.session.Usage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What builds and pushes images on this machine. */
record Engine(Kind kind, Path program) {
    enum Kind {
        DOCKER,
        PODMAN,
        BUILDAH;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** No engine is here; the message says how to get one. */
    static final class Missing extends RuntimeException {
        Missing(String message) {
            super(message);
        }
    }

    /** The one that is asked for, or the first that there is. */
    static Engine find(@Nullable String asked, Map<String, String> environment) {
        List<Kind> wanted = asked == null ? List.of(Kind.values()) : List.of(kind(asked));
        for (Kind kind : wanted) {
            Optional<Path> program = program(kind.word(), environment);
            if (program.isPresent() && (asked != null || runs(kind, program.get())))
                return new Engine(kind, program.get());
        }
        String none = asked == null ? "None of " + words() + " is on the PATH and runs" : asked + " is not on the PATH";
        throw new Missing(none + ". Install one, for example: apt-get install podman | dnf install podman |"
                + " brew install podman; or see what would be run with --dry-run --engine docker");
    }

    /** Docker is often a client alone, with nobody to build for it. */
    private static boolean runs(Kind kind, Path program) {
        if (kind != Kind.DOCKER) return true;
        try {
            Process process = new ProcessBuilder(program.toString(), "version")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            return process.waitFor() == 0;
        } catch (IOException _) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts the main thread", interrupted);
        }
    }

    static Kind kind(String word) {
        for (Kind kind : Kind.values()) if (kind.word().equals(word)) return kind;
        throw new Usage("There is no engine '%s'; one of %s".formatted(word, words()));
    }

    private static String words() {
        return Arrays.stream(Kind.values()).map(Kind::word).collect(Collectors.joining(", "));
    }

    /** Looked for as a shell would, since a relative name would be searched for elsewhere on some systems. */
    static Optional<Path> program(String word, Map<String, String> environment) {
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            if (folder.isEmpty()) continue;
            for (String ending : List.of("", ".exe")) {
                try {
                    Path program = Path.of(folder, word + ending);
                    if (Files.isRegularFile(program) && Files.isExecutable(program)) return Optional.of(program);
                } catch (InvalidPathException _) {
                    break; // a PATH may hold anything
                }
            }
        }
        return Optional.empty();
    }

    /** One argument each, never a shell line. */
    List<String> build(Order order, Image image) {
        var words = new ArrayList<String>(List.of(program.toString(), "build"));
        // The others keep layers for the next build without being told.
        if (kind == Kind.BUILDAH) words.add("--layers");
        words.addAll(List.of("--file", order.dockerfile().toString()));
        argument(words, "IMAGE", image.word());
        order.base().ifPresent(base -> argument(words, "BASE", base));
        label(words, "version", order.tag());
        label(words, "revision", order.revision());
        order.source().ifPresent(source -> label(words, "source", source));
        order.platform().ifPresent(platform -> words.addAll(List.of("--platform", platform)));
        order.secrets().forEach((name, file) -> words.addAll(List.of("--secret", "id=" + name + ",src=" + file)));
        for (String name : image.names(order.registry(), order.tag())) words.addAll(List.of("--tag", name));
        words.addAll(order.further());
        words.add(order.checkout().toString());
        return words;
    }

    private static void argument(List<String> words, String name, String value) {
        words.addAll(List.of("--build-arg", name + "=" + value));
    }

    private static void label(List<String> words, String name, String value) {
        words.addAll(List.of("--label", "org.opencontainers.image." + name + "=" + value));
    }

    List<String> push(String name) {
        return List.of(program.toString(), "push", name);
    }
}
