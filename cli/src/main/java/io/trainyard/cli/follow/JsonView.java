package io.trainyard.cli.follow;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.JobEvent;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.screen.Screen;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One JSON object a line: {@code {"type": "event" | "progress" | "job", …}}; the job comes last. */
final class JsonView implements View {
    private final Screen screen;
    private long lastStep = -1;
    private String lastTrouble = "";

    JsonView(Screen screen) {
        this.screen = screen;
    }

    @Override
    public void event(JobEvent event) {
        say("event", event.json());
    }

    @Override
    public void progress(Job job, Curve loss) {
        job.progress().ifPresent(progress -> {
            if (progress.step() != lastStep) say("progress", progress.json());
            lastStep = progress.step();
        });
    }

    @Override
    public void trouble(String sentence) {
        if (!sentence.equals(lastTrouble)) screen.remark(sentence + " Trying again.");
        lastTrouble = sentence;
    }

    @Override
    public void end(Job job, Curve loss) {
        say("job", job.json());
    }

    private void say(String type, JsonNode facts) {
        ObjectNode line = Json.object().put("type", type);
        line.set(type, facts);
        screen.line(Json.compact(line));
    }
}
