package io.trainyard.cli.command;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.OutOfReach;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "version",
        description = "Show the version of this command line and of the server, if one answers.",
        footer = {"", "Example:", "  trainyard version --json"})
public final class Version implements Callable<Integer> {
    private final Globals globals;

    public Version(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            String ours = ofThis();
            Optional<String> theirs = ofServer(session);
            if (session.json()) {
                ObjectNode document = Json.object().put("cli", ours);
                session.document(document.put("server", theirs.orElse(null)));
            } else {
                session.screen().line("trainyard " + ours);
                session.screen()
                        .line(theirs.map(version -> "server " + version + " at "
                                        + session.api().base())
                                .orElseGet(() -> "no server at " + session.api().base()));
            }
        }
        return Exit.GOOD;
    }

    private static String ofThis() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static Optional<String> ofServer(Session session) {
        try {
            return Optional.of(Json.text(session.api().get(Query.path("/health")), "version"));
        } catch (OutOfReach _) {
            return Optional.empty();
        }
    }
}
