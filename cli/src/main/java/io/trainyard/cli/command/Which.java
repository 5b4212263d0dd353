package io.trainyard.cli.command;

import io.trainyard.cli.api.Query;
import io.trainyard.cli.session.Usage;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which jobs are meant; listing and cancelling many take the same. */
final class Which {
    private static final Pattern AGO = Pattern.compile("([0-9]{1,6})([smhd])");

    @Option(names = "--state", paramLabel = "STATE", description = "Only jobs in this state; may be repeated.")
    private List<String> states = new ArrayList<>();

    @Option(names = "--label", paramLabel = "K=V", description = "Only jobs with this label; may be repeated.")
    private List<String> labels = new ArrayList<>();

    @Option(names = "--project", paramLabel = "NAME", description = "Only jobs of this project.")
    private @Nullable String project;

    @Option(names = "--contract", paramLabel = "NAME", description = "Only jobs that came by this contract.")
    private @Nullable String contract;

    @Option(names = "--backend", paramLabel = "NAME", description = "Only jobs on this backend.")
    private @Nullable String backend;

    @Option(names = "--name", paramLabel = "TEXT", description = "Only jobs with this in their name.")
    private @Nullable String name;

    @Option(names = "--text", paramLabel = "TEXT", description = "Only jobs with this in their name or an id.")
    private @Nullable String text;

    @Option(
            names = "--after",
            paramLabel = "TIME",
            description = "Only jobs created then or later: 2026-11-23T09:57:30Z, or 90m, 12h, 7d ago.")
    private @Nullable String after;

    @Option(names = "--before", paramLabel = "TIME", description = "Only jobs created earlier than that.")
    private @Nullable String before;

    boolean any() {
        return !states.isEmpty()
                || !labels.isEmpty()
                || project != null
                || contract != null
                || backend != null
                || name != null
                || text != null
                || after != null
                || before != null;
    }

    Query of(Query query, Instant now) {
        return query.with("state", states)
                .with("project", Optional.ofNullable(project))
                .with("contract", Optional.ofNullable(contract))
                .with("backend", Optional.ofNullable(backend))
                .with("label", labels)
                .with("name", Optional.ofNullable(name))
                .with("text", Optional.ofNullable(text))
                .with("created_after", moment("--after", after, now))
                .with("created_before", moment("--before", before, now));
    }

    private static Optional<String> moment(String option, @Nullable String text, Instant now) {
        if (text == null) return Optional.empty();
        Matcher ago = AGO.matcher(text);
        if (ago.matches()) return Optional.of(now.minus(span(ago)).toString());
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant().toString());
        } catch (DateTimeException _) {
            throw new Usage(
                    option + " " + text + ": give a time like 2026-11-23T09:57:30Z, or how long ago: 90m, 12h, 7d");
        }
    }

    private static Duration span(Matcher ago) {
        long count = Long.parseLong(ago.group(1));
        return switch (ago.group(2)) {
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }
}
