package io.trainyard.contract.trainyard;

import io.trainyard.admission.Admission;
import io.trainyard.admission.Admission.Preview;
import io.trainyard.admission.Wanted;
import io.trainyard.backend.Plan;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** What would become of a request: the answer of {@code POST /api/v1/plan} and of a dry run alike. */
final class Plans {
    private Plans() {}

    static ObjectNode of(Admission admission, Wanted wanted, Instant now) {
        List<Preview> order = admission.order(wanted);
        Preview chosen = admission.preview(wanted);
        ObjectNode body = JobView.JSON.createObjectNode();
        ObjectNode view = body.putObject("plan");
        view.put("backend", chosen.backend())
                .put("accepted", chosen.plan().objections().isEmpty())
                .put("fallback", wanted.spec().placement().fallback());
        ObjectNode demand = view.putObject("demand");
        demand.put("gpus", chosen.plan().demand().gpus())
                .put("cpus", chosen.plan().demand().cpus())
                .put("memory_bytes", chosen.plan().demand().memoryBytes());
        sentences(view, chosen.plan());
        var backends = view.putArray("backends");
        for (Preview one : order)
            // The chosen one was also asked what only the world knows.
            sentences(
                    backends.addObject().put("name", one.backend()),
                    (one.backend().equals(chosen.backend()) ? chosen : one).plan());
        view.put("manifest", chosen.plan().manifest());
        body.set(
                "job",
                JobView.whole(admission.sketch(wanted, chosen), Optional.empty(), Optional.empty(), List.of(), now));
        return body;
    }

    private static void sentences(ObjectNode view, Plan plan) {
        var objections = view.putArray("objections");
        plan.objections().forEach(objections::add);
        var warnings = view.putArray("warnings");
        plan.warnings().forEach(warnings::add);
    }
}
