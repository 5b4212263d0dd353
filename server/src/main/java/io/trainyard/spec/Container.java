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

        /**
         * Read where the job runs, if that is a Kubernetes cluster and the object and its key are there; not set otherwise.
         *
         * @param object the name of a Secret or ConfigMap in the job's namespace
         */
        record FromCluster(String name, Kind kind, String object, String key) implements Variable {
            public enum Kind {
                SECRET,
                CONFIG_MAP
            }
        }
    }
}
