package io.trainyard.cli.follow;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Written;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** For pipes and log files: one line for each change, and of the progress one for each tenth or half minute. */
final class LineView implements View {
    private static final Duration BETWEEN_PROGRESS = Duration.ofSeconds(30);
    private static final double TENTH_PERCENT = 10;

    private final Screen screen;
    private final Clock clock;
    private long lastStep = -1;
    private double lastTenth = -1;
    private Instant lastSaid = Instant.MIN;
    private String lastTrouble = "";

    LineView(Screen screen, Clock clock) {
        this.screen = screen;
        this.clock = clock;
    }

    @Override
    public void event(JobEvent event) {
        lastTrouble = "";
        screen.line(Words.line(event).toArray(Cell[]::new));
    }

    @Override
    public void progress(Job job, Curve loss) {
        lastTrouble = "";
        job.progress().ifPresent(progress -> {
            if (progress.step() == lastStep) return;
            double tenth = Math.floor(progress.percentage().orElse(0.0) / TENTH_PERCENT);
            Instant now = clock.instant();
            boolean quiet = lastSaid.equals(Instant.MIN) || !now.isBefore(lastSaid.plus(BETWEEN_PROGRESS));
            if (tenth == lastTenth && !quiet) return;
            lastStep = progress.step();
            lastTenth = tenth;
            lastSaid = now;
            say(progress, loss, now);
        });
    }

    private void say(Job.Progress progress, Curve loss, Instant now) {
        var line = new StringBuilder("step " + progress.step());
        progress.totalSteps().ifPresent(total -> line.append("/").append(total));
        progress.percentage().ifPresent(percent -> line.append("  ").append(Written.percent(percent)));
        loss.last().ifPresent(last -> line.append("  loss ").append(Written.number(last)));
        progress.remaining()
                .ifPresent(left -> line.append("  ").append(Written.span(left)).append(" left"));
        screen.line(Written.clock(now) + "  progress          " + line);
    }

    @Override
    public void trouble(String sentence) {
        if (!sentence.equals(lastTrouble)) screen.remark(sentence + " Trying again.");
        lastTrouble = sentence;
    }

    @Override
    public void end(Job job, Curve loss) {
        screen.line(Cell.plain(Words.ending(job, loss)));
    }
}
