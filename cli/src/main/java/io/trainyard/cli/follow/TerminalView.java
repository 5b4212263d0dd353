package io.trainyard.cli.follow;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.screen.Bar;
import io.trainyard.cli.screen.Cell;
import io.trainyard.cli.screen.Screen;
import io.trainyard.cli.screen.Sparkline;
import io.trainyard.cli.screen.Style;
import io.trainyard.cli.screen.Written;
import java.util.ArrayList;
import java.util.List;

/** Events scroll by as lines; below them one line shows the bar, the step, the loss and its curve, and the time left. */
final class TerminalView implements View {
    private static final int WIDEST_BAR = 24;
    private static final int WIDEST_CURVE = 24;

    private final Screen screen;

    TerminalView(Screen screen) {
        this.screen = screen;
    }

    @Override
    public void event(JobEvent event) {
        screen.line(Words.line(event).toArray(Cell[]::new));
    }

    @Override
    public void progress(Job job, Curve loss) {
        screen.foot(foot(job, loss));
    }

    private List<Cell> foot(Job job, Curve loss) {
        var cells = new ArrayList<Cell>();
        cells.add(Words.cell(job.state()));
        if (job.progress().isEmpty()) {
            String why = job.why();
            cells.add(Cell.dim(why.isEmpty() ? "" : "  " + why));
            return cells;
        }
        Job.Progress progress = job.progress().get();
        int part = Math.max(6, screen.width() / 5);
        progress.percentage().ifPresent(percent -> {
            cells.add(new Cell("  " + Bar.of(percent, Math.min(WIDEST_BAR, part)), Style.BLUE));
            cells.add(new Cell(" " + Written.percent(percent), Style.BOLD));
        });
        cells.add(Cell.plain("  step " + progress.step()
                + progress.totalSteps().map(total -> "/" + total).orElse("")));
        loss.last().ifPresent(last -> {
            cells.add(new Cell("  loss " + Written.number(last) + " ", Style.PLAIN));
            cells.add(new Cell(Sparkline.of(loss.values(), Math.min(WIDEST_CURVE, part)), Style.CYAN));
        });
        if (!job.state().ended())
            progress.remaining().ifPresent(left -> cells.add(Cell.dim("  " + Written.span(left) + " left")));
        return cells;
    }

    @Override
    public void trouble(String sentence) {
        screen.foot(List.of(new Cell(sentence + " Trying again.", Style.YELLOW)));
    }

    @Override
    public void end(Job job, Curve loss) {
        screen.clearFoot();
        if (job.progress().isPresent()) screen.line(foot(job, loss).toArray(Cell[]::new));
        screen.line(new Cell(Words.ending(job, loss), Words.style(job.state())));
    }
}
