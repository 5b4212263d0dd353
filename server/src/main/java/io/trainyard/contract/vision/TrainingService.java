package io.trainyard.contract.vision;

import io.trainyard.admission.Answer;
import io.trainyard.contract.vision.VisionContract.Asked;
import io.trainyard.http.IdempotencyKey;
import io.trainyard.http.Refusal;
import io.trainyard.job.Job;
import io.trainyard.job.Wish;
import io.trainyard.wire.Json;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The Training Service: a job is started by the request that describes it. */
final class TrainingService {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Desk desk;

    TrainingService(Desk desk) {
        this.desk = desk;
    }

    JsonNode health() {
        return JSON.objectNode().put("status", "healthy").put("service", "training-service");
    }

    JsonNode start(Asked asked) {
        Optional<String> key = IdempotencyKey.of(asked.context());
        Json.Parsed.Tree tree = Bodies.tree(asked.context(), Bodies.MAX_BYTES);
        Request request = switch (Request.service(tree.root(), tree.odd())) {
            case Request.Reading.Good good -> good.request();
            case Request.Reading.Wrong wrong -> throw new Bodies.Wrong(wrong.problems());
        };
        return switch (desk.launch(request, key)) {
            case Answer.Accepted accepted -> started(accepted.job());
            // Only a key says that the same was meant: without one it is a second start of a running job.
            case Answer.Repeated repeated -> {
                if (key.isEmpty()) throw running(repeated.job());
                yield started(repeated.job());
            }
            case Answer.Taken taken -> throw running(taken.job());
            case Answer.KeyReused _ ->
                throw new Refusal(422, "Idempotency-Key: this key came before with another body");
            case Answer.Refused refused -> throw new Refusal(400, String.join("; ", refused.objections()));
        };
    }

    private static Refusal running(Job job) {
        String word = Answers.serviceWord(job);
        String stands = word.equals("stopped") ? "still being stopped" : "already " + word;
        return new Refusal(409, "Training job %d is %s".formatted(Answers.id(job), stands));
    }

    private static JsonNode started(Job job) {
        ObjectNode out = JSON.objectNode()
                .put("job_id", Answers.id(job))
                .put("status", "started")
                .put("message", "Training job %d started".formatted(Answers.id(job)));
        if (!job.warnings().isEmpty()) job.warnings().forEach(out.putArray("warnings")::add);
        return out;
    }

    JsonNode status(Asked asked) {
        return Answers.service(desk.find(asked.id()));
    }

    JsonNode stop(Asked asked) {
        Job job = desk.find(asked.id());
        boolean over = job.state().ended() || job.wish().ends();
        if (!over) desk.wish(job, Wish.CANCEL);
        return JSON.objectNode()
                .put("job_id", Answers.id(job))
                .put("status", over ? "already_stopped" : "stopped")
                .put("message", "Training job %d %s".formatted(Answers.id(job), over ? "had ended" : "stopped"));
    }
}
