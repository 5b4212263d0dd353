package io.trainyard.spec;

import java.util.List;
import java.util.Optional;

/** What is started: image, argument vectors (never a shell line) and environment, in order. */
public record Container(
        Optional<String> image, List<String> command, List<String> arguments, List<Variable> environment) {
    public static final Container NONE = new Container(Optional.empty(), List.of(), List.of(), List.of());

    public Container {
        command = List.copyOf(command);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
    }

    /** One environment variable; a value that contains a secret is a secret as a whole. */
    public sealed interface Variable {
        String name();

        record Plain(String name, String value) implements Variable {}

        record Secret(String name, SecretRef secret) implements Variable {}
    }
}
