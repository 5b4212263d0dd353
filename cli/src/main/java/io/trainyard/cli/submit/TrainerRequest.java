package io.trainyard.cli.submit;

import io.trainyard.cli.api.Job;
import io.trainyard.cli.api.Json;
import io.trainyard.cli.api.OutOfReach;
import io.trainyard.cli.api.Query;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** A job in the words of the trainer contract. Its answer has only the client's id, so the job is looked up by it. */
public final class TrainerRequest {
    private static final List<String> SERVICES = List.of("nemo", "meta", "hf-unsloth");

    private TrainerRequest() {}

    public static Job send(Session session, String service, ObjectNode body, String idempotencyKey) {
        if (!SERVICES.contains(service))
            throw new Usage("There is no service '" + service + "': it is nemo, meta or hf-unsloth.");
        String clientId = Json.text(body, "job_id");
        session.api().create(Query.path("/" + service, "train"), body, idempotencyKey);
        return session.jobs()
                .byClientId("trainer", service, clientId)
                .orElseThrow(() -> new OutOfReach(
                        "The server took the job " + clientId + " but does not list it under the contract trainer."));
    }
}
