package io.trainyard.cli;

import io.trainyard.cli.api.Pace;
import io.trainyard.cli.session.Surroundings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What somebody types, where; {@code run} gives what they then see. */
record Typed(Map<String, String> environment, String input, boolean terminal, Pace pace) {
    static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final Pace QUICK = new Pace(Duration.ofMillis(5), Duration.ofMillis(1), Duration.ofSeconds(20));

    record Seen(int code, String out, String err) {}

    static Typed at(FakeServer server) {
        return at(server.url());
    }

    static Typed at(String url) {
        return new Typed(Map.of("TRAINYARD_URL", url, "COLUMNS", "100"), "", false, QUICK);
    }

    Typed with(String variable, String value) {
        var more = new HashMap<>(environment);
        more.put(variable, value);
        return new Typed(more, input, terminal, pace);
    }

    Typed input(String text) {
        return new Typed(environment, text, terminal, pace);
    }

    Typed onTerminal() {
        return new Typed(environment, input, true, pace);
    }

    Typed givingUpAfter(Duration patience) {
        return new Typed(environment, input, terminal, new Pace(pace.look(), pace.retry(), patience));
    }

    Seen run(String... words) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var output = new Surroundings.Output(
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, false, StandardCharsets.UTF_8),
                terminal);
        var in = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
        Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
        int code = new Run(new Surroundings(environment, in, output, clock, pace)).of(List.of(words));
        return new Seen(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
