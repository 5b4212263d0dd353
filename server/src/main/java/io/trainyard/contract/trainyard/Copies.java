package io.trainyard.contract.trainyard;

import io.trainyard.admission.Admission;
import io.trainyard.admission.Answer;
import io.trainyard.http.Problem.FieldError;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.Webhook;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/** One more job like another: its spec and its secrets, under a new id and with a run of its own. */
record Copies(Job original, Optional<String> name, Optional<Map<String, String>> labels, List<FieldError> errors) {
    private static final int MANY = 1000;

    /** @param body {@code name} and {@code labels} in place of the original's; all else is the same */
    static Copies read(Job original, JsonNode body) {
        var errors = new ArrayList<FieldError>();
        var fields = Fields.of(body, errors);
        Optional<String> name = fields.text("name");
        Optional<Map<String, String>> labels =
                fields.has("labels") ? Optional.of(fields.textEntries("labels", MANY)) : Optional.empty();
        fields.noMore();
        return new Copies(original, name, labels, errors);
    }

    Answer submit(Admission admission, Optional<String> idempotencyKey) {
        var identity = new Identity(original.identity().project(), "trainyard", "", Optional.empty(), 1);
        String asked = "clone %s as %s labelled %s".formatted(original.id(), name, labels.map(TreeMap::new));
        return admission.copy(new Admission.Copy(original, identity, spec(), warnings()), asked, idempotencyKey);
    }

    /** Callbacks of another contract speak of its client's id, which the copy does not have. */
    private boolean silent() {
        return !original.identity().contract().equals("trainyard")
                && !original.spec().webhooks().isEmpty();
    }

    private List<String> warnings() {
        return silent()
                ? List.of("no callbacks are sent: those of the "
                        + original.identity().contract()
                        + " contract speak of its client's id, which a clone does not have")
                : List.of();
    }

    private JobSpec spec() {
        JobSpec spec = original.spec();
        List<Webhook> webhooks = silent() ? List.of() : spec.webhooks();
        return new JobSpec(
                name.orElse(spec.name()),
                spec.framework(),
                spec.model(),
                spec.datasets(),
                spec.method(),
                spec.hyperparameters(),
                spec.resources(),
                spec.artifacts(),
                spec.container(),
                labels.orElse(spec.labels()),
                spec.annotations(),
                webhooks,
                spec.placement(),
                spec.policy(),
                spec.extra());
    }
}
