package io.trainyard.cli.demo;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Table;
import io.trainyard.cli.screen.Written;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What training changed, on text held out from it. The untrained adapter stands for "an adapter as such": whatever it
 * gains is no merit of training.
 */
record Report(JsonNode json, double base, double adapter, double untrained, Optional<Double> toldByJob) {
    private static final double LEAST_GAIN_PERCENT = 10;
    /** The adapter read from disk must be the one that was trained. */
    private static final double MOST_DIFFERENCE = 1e-4;

    /** @param toldByJob the loss that the job itself measured with its adapter at the end of training */
    static Report of(JsonNode json, Optional<Double> toldByJob) {
        return new Report(
                json,
                loss(json, "base_loss"),
                loss(json, "adapter_loss"),
                loss(json, "untrained_adapter_loss"),
                toldByJob);
    }

    private static double loss(JsonNode json, String field) {
        return Json.number(json, field)
                .orElseThrow(() -> new Failed("The trainer's report has no number '" + field + "': " + json));
    }

    private double changePercent(double loss) {
        return 100 * (loss / base - 1);
    }

    void show(Screen screen) {
        Table table = new Table("MODEL", "HELD-OUT LOSS", "AGAINST BASE");
        table.row(Cell.plain("base"), Cell.plain(Written.number(base)), Cell.plain("-"));
        row(table, "untrained adapter", untrained, Style.PLAIN);
        row(table, "adapter", adapter, objection().isEmpty() ? Style.GREEN : Style.RED);
        table.show(screen);
        toldByJob.ifPresent(told -> screen.line(Cell.dim(String.format(
                Locale.ROOT,
                "The adapter was read back from disk with peft; the job itself had measured %.6f, the difference is %.1e.",
                told,
                Math.abs(told - adapter)))));
        for (JsonNode text : json.path("generations")) {
            screen.line("");
            screen.line(Cell.dim("prompt  "), Cell.plain(Json.text(text, "prompt")));
            screen.line(Cell.dim("before  "), Cell.plain(Json.text(text, "before")));
            screen.line(Cell.dim("after   "), new Cell(Json.text(text, "after"), Style.GREEN));
        }
    }

    private void row(Table table, String name, double loss, Style style) {
        String change = String.format(Locale.ROOT, "%+.1f %%", changePercent(loss));
        table.row(Cell.plain(name), Cell.plain(Written.number(loss)), new Cell(change, style));
    }

    /** Why this is no success, or nothing. Written so that a loss that is no number is none either. */
    Optional<String> objection() {
        if (toldByJob.isPresent() && !(Math.abs(toldByJob.get() - adapter) <= MOST_DIFFERENCE))
            return Optional.of("The adapter on disk is not the one that was trained: its loss is " + adapter
                    + " and the job had measured " + toldByJob.get() + ".");
        if (changePercent(untrained) <= -LEAST_GAIN_PERCENT)
            return Optional.of("An untrained adapter gains as much, so this measures nothing.");
        if (changePercent(adapter) <= -LEAST_GAIN_PERCENT) return Optional.empty();
        return Optional.of(String.format(
                Locale.ROOT,
                "The adapter's loss should be at least %.0f %% below the base's, and it is %.1f %% %s.",
                LEAST_GAIN_PERCENT,
                Math.abs(changePercent(adapter)),
                changePercent(adapter) > 0 ? "above" : "below"));
    }
}
