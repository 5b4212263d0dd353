package io.trainyard.cli.follow;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.api.State;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Written;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** States, events and endings in words and colours, the same wherever they are shown. */
public final class Words {
    private static final int KIND_WIDTH = 16;

    private Words() {}

    public static Style style(State state) {
        return switch (state) {
            case QUEUED, RENDERED -> Style.PLAIN;
            case LAUNCHING, STOPPING, PAUSED -> Style.YELLOW;
            case RUNNING -> Style.BLUE;
            case SUCCEEDED -> Style.GREEN;
            case FAILED -> Style.RED;
            case CANCELLED -> Style.DIM;
        };
    }

    public static Cell cell(State state) {
        return new Cell(state.word(), style(state));
    }

    public static List<Cell> line(JobEvent event) {
        String kind = event.kind().replace('_', ' ');
        return List.of(
                Cell.dim(Written.clock(event.at()) + "  "),
                new Cell(String.format(Locale.ROOT, "%-" + KIND_WIDTH + "s  ", kind), style(event.kind())),
                Cell.plain(event.message()));
    }

    private static Style style(String kind) {
        return switch (kind) {
            case "succeeded" -> Style.GREEN;
            case "failed" -> Style.RED;
            case "warning", "retrying", "fallback", "waiting" -> Style.YELLOW;
            case "checkpoint" -> Style.CYAN;
            case "running" -> Style.BLUE;
            default -> Style.PLAIN;
        };
    }

    /** How it ended, in one sentence. */
    static String ending(Job job, Curve loss) {
        var facts = new ArrayList<String>();
        facts.add(job.name() + " " + job.state().word() + " after " + Written.span(job.ran()));
        job.progress().ifPresent(progress -> facts.add("step " + progress.step()));
        loss.last().ifPresent(last -> facts.add("loss " + Written.number(last)));
        String sentence = String.join(", ", facts);
        return job.state().good() || job.why().isEmpty() ? sentence : sentence + ". " + job.why();
    }
}
