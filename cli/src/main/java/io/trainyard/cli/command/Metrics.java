package io.trainyard.cli.command;

import io.trainyard.cli.api.Jobs;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Sparkline;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.screen.Written;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
        name = "metrics",
        description = "Show the curves of a job: loss, learning rate and whatever else it reports.",
        footer = {
            "",
            "Examples:",
            "  trainyard metrics 019ab3c4 --name loss",
            "  trainyard metrics 019ab3c4 --name loss --json | jq '.series[0].points[-1]'"
        })
public final class Metrics implements Callable<Integer> {
    private static final int WIDEST_CURVE = 40;
    /** First, last and least are among them, and a curve shows no more. */
    private static final int DRAWN_POINTS = 1000;

    private final Globals globals;

    @Parameters(paramLabel = "ID", description = "The job's id or the beginning of it.")
    private String id = "";

    @Option(names = "--name", paramLabel = "NAME", description = "Only this metric.")
    private @Nullable String name;

    @Option(
            names = "--points",
            paramLabel = "N",
            description =
                    "At most so many points of each (4 to 10000), least and greatest kept; with --json otherwise all.")
    private @Nullable Integer points;

    public Metrics(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() {
        try (Session session = globals.open()) {
            Query query = Jobs.one(session.jobs().fullId(id), "metrics").with("name", Optional.ofNullable(name));
            Integer most = points == null && !session.json() ? Integer.valueOf(DRAWN_POINTS) : points;
            query = query.with("points", Optional.ofNullable(most).map(String::valueOf));
            JsonNode answer = session.api().get(query);
            if (session.json()) session.document(answer);
            else show(session.screen(), answer.path("series"));
        }
        return Exit.GOOD;
    }

    private static void show(Screen screen, JsonNode series) {
        Table table = new Table("METRIC", "FIRST", "LAST", "LEAST", "STEPS", "CURVE");
        boolean any = false;
        for (JsonNode one : series) {
            List<Double> values = values(one);
            if (values.isEmpty()) continue;
            any = true;
            double least =
                    values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
            JsonNode points = one.path("points");
            table.row(
                    Cell.plain(Json.text(one, "name")),
                    Cell.plain(Written.number(values.getFirst())),
                    Cell.plain(Written.number(values.getLast())),
                    Cell.plain(Written.number(least)),
                    Cell.plain(Json.text(points.path(points.size() - 1), "step")),
                    new Cell(Sparkline.of(values, WIDEST_CURVE), Style.CYAN));
        }
        if (any) table.show(screen);
        else screen.remark("No metrics yet.");
    }

    private static List<Double> values(JsonNode series) {
        var values = new ArrayList<Double>();
        for (JsonNode point : series.path("points")) Json.number(point, "value").ifPresent(values::add);
        return values;
    }
}
