package io.trainyard.cli.session;

import io.trainyard.cli.api.Api;
import io.trainyard.cli.screen.Screen;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that every command takes, before or after its name. */
public class Globals {
    private static final String USUAL_URL = "http://127.0.0.1:4000";

    private final Surroundings surroundings;
    private @Nullable Screen screen;

    @Option(
            names = "--url",
            scope = ScopeType.INHERIT,
            paramLabel = "URL",
            description = "Address of the server; otherwise TRAINYARD_URL, otherwise " + USUAL_URL + ".")
    private @Nullable String url;

    @Option(
            names = "--token-file",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            description = "File with the token; otherwise TRAINYARD_TOKEN or TRAINER_API_TOKEN. A token is never an"
                    + " option of its own, since others could read it in the list of processes.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--json",
            scope = ScopeType.INHERIT,
            description = "Answer in JSON: one document, or one line for each thing that happens when following.")
    private boolean json;

    @Option(
            names = "--no-color",
            scope = ScopeType.INHERIT,
            description = "No colours. There are none in a pipe or with NO_COLOR set anyway.")
    private boolean noColor;

    @Option(
            names = {"-h", "--help"},
            scope = ScopeType.INHERIT,
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli looks at it
    private boolean help;

    protected Globals(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    public Surroundings surroundings() {
        return surroundings;
    }

    /** Opens the connection; nothing is sent yet. */
    public Session open() {
        return new Session(new Api(address(), token(), surroundings.pace()), screen(), surroundings, json);
    }

    public Screen screen() {
        Screen known = screen;
        if (known != null) return known;
        boolean terminal = surroundings.output().terminal();
        boolean dumb = variable("TERM").filter("dumb"::equals).isPresent();
        boolean colour = terminal && !dumb && !noColor && variable("NO_COLOR").isEmpty();
        int width = terminal ? Terminal.width(variable("COLUMNS").orElse("")) : Integer.MAX_VALUE;
        var look = new Screen.Look(terminal && !dumb, colour, width);
        Screen made =
                new Screen(surroundings.output().out(), surroundings.output().err(), look);
        screen = made;
        return made;
    }

    private URI address() {
        String given = url != null ? url : variable("TRAINYARD_URL").orElse(USUAL_URL);
        String whole = given.contains("://") ? given : "http://" + given;
        try {
            var address = new URI(whole.endsWith("/") ? whole.substring(0, whole.length() - 1) : whole);
            String scheme = String.valueOf(address.getScheme());
            if (address.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) return address;
        } catch (URISyntaxException _) {
            // Said below, as for the addresses that parse and are none of ours.
        }
        throw new Usage("'" + given + "' is no address of a server, such as " + USUAL_URL);
    }

    private Optional<String> token() {
        Path file = tokenFile;
        if (file == null) return variable("TRAINYARD_TOKEN").or(() -> variable("TRAINER_API_TOKEN"));
        try {
            String token = Files.readString(file).strip();
            if (token.isEmpty() || token.lines().count() > 1)
                throw new Usage(file + " should hold one line, the token");
            return Optional.of(token);
        } catch (IOException unreadable) {
            throw new Usage("The token file " + file + " cannot be read: " + unreadable.getMessage());
        }
    }

    private Optional<String> variable(String name) {
        return Optional.ofNullable(surroundings.environment().get(name)).filter(value -> !value.isEmpty());
    }
}
