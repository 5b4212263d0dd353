package io.trainyard.cli.images;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Written;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Builds one image after the other, then pushes them; what the engine says is passed on as remarks. */
record Work(Session session, Order order, Engine engine) {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    int run(boolean push) {
        ObjectNode document = Json.object();
        ArrayNode made = document.putArray("images");
        boolean good = true;
        for (Image image : order.images()) {
            good = build(image, made.addObject());
            if (!good) break;
        }
        if (good && push) good = push(document.putArray("pushed"));
        if (session.json()) session.document(document);
        return good ? Exit.GOOD : Exit.JOB_NOT_GOOD;
    }

    private boolean build(Image image, ObjectNode told) {
        Instant began = session.surroundings().clock().instant();
        int code = run(engine.build(order, image));
        Duration took = Duration.between(began, session.surroundings().clock().instant());
        List<String> names = image.names(order.registry(), order.tag());
        told.put("image", image.word()).put("built", code == 0).put("seconds", took.toSeconds());
        names.forEach(told.putArray("names")::add);
        if (code != 0) {
            failed("Building %s failed: %s ended with %d"
                    .formatted(image.word(), engine.kind().word(), code));
        } else if (!session.json()) {
            for (String name : names)
                session.screen().line(Cell.plain(name + "  "), Cell.dim("built in " + Written.span(took)));
        }
        return code == 0;
    }

    private boolean push(ArrayNode told) {
        for (Image image : order.images())
            for (String name : image.names(order.registry(), order.tag())) {
                int code = run(engine.push(name));
                if (code != 0) {
                    failed("Pushing %s failed: %s ended with %d; is this machine logged in there?"
                            .formatted(name, engine.kind().word(), code));
                    return false;
                }
                told.add(name);
                if (!session.json()) session.screen().line(Cell.plain(name + "  "), Cell.dim("pushed"));
            }
        return true;
    }

    private void failed(String sentence) {
        session.screen().remark(new Cell(sentence, Style.RED));
    }

    private int run(List<String> command) {
        session.screen().remark(Cell.dim(shown(command)));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        // Mounts of caches and secrets are BuildKit's, which Docker before 23 has only when told.
        if (engine.kind() == Engine.Kind.DOCKER) builder.environment().put("DOCKER_BUILDKIT", "1");
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            process.getInputStream().transferTo(session.surroundings().output().err());
            session.surroundings().output().err().flush();
            return process.waitFor();
        } catch (IOException trouble) {
            throw new Usage("Cannot run %s: %s".formatted(engine.program(), trouble.getMessage()));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts the main thread", interrupted);
        }
    }

    /** As it could be typed; nothing is ever run from this text. */
    static String shown(List<String> command) {
        return command.stream()
                .map(word -> PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
    }
}
