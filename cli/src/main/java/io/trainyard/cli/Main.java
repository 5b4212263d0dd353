package io.trainyard.cli;

import io.trainyard.cli.session.Surroundings;
import java.util.List;

/** Starts the command line. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(new Run(Surroundings.ofThisProcess()).of(List.of(arguments)));
    }
}
