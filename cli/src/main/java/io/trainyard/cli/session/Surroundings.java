package io.trainyard.cli.session;

import io.trainyard.cli.api.Pace;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;

/** Everything outside this program that a command may touch, handed in so that tests can hand in theirs. */
public record Surroundings(Map<String, String> environment, InputStream in, Output output, Clock clock, Pace pace) {
    public Surroundings {
        environment = Map.copyOf(environment);
    }

    /** Both streams take UTF-8 whatever the locale says, as the bars and curves need. */
    public record Output(PrintStream out, PrintStream err, boolean terminal) {}

    public static Surroundings ofThisProcess() {
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        var err = new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8);
        boolean terminal = Terminal.isStandardOutput();
        return new Surroundings(
                System.getenv(), System.in, new Output(out, err, terminal), Clock.systemUTC(), Pace.USUAL);
    }
}
