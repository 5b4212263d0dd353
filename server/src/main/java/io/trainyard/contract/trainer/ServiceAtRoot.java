package io.trainyard.contract.trainer;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.trainyard.contract.root.RootOffer;
import io.trainyard.wire.Json;
import io.trainyard.wire.RawPath;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** One service at the root; the three are one contract there. */
final class ServiceAtRoot implements RootOffer {
    private final TrainerContract contract;
    private final Service service;

    ServiceAtRoot(TrainerContract contract, Service service) {
        this.contract = contract;
        this.service = service;
    }

    @Override
    public String contract() {
        return Translator.CONTRACT;
    }

    @Override
    public String prefix() {
        return "/" + service.word;
    }

    @Override
    public List<String> required() {
        return List.of("job_id", "base_model", "datasets", "customization", "resources", "artifacts");
    }

    @Override
    public boolean claims(JsonNode body) {
        JsonNode model = body.get("base_model");
        return model != null && Service.forProvider(model.path("provider").stringValue("")) == service;
    }

    @Override
    public Match match(HandlerType method, String path) {
        Optional<String> id = jobId(method, path);
        if (id.isEmpty()) return new Match.None();
        return contract.find(service, id.get())
                .<Match>map(job -> new Match.OfJob(job.created()))
                .orElse(new Match.Route());
    }

    private Optional<String> jobId(HandlerType method, String path) {
        if (!path.startsWith("/train/")) return Optional.empty();
        String raw = path.substring("/train/".length());
        if (method.equals(HandlerType.GET)) return Optional.of(RawPath.decode(raw));
        if (!method.equals(HandlerType.POST) || !raw.endsWith("/cancel")) return Optional.empty();
        return Optional.of(RawPath.decode(raw.substring(0, raw.length() - "/cancel".length())));
    }

    @Override
    public void submit(Context context, Json.Parsed.Tree body, int bytes) {
        contract.submit(context, service, body);
    }

    @Override
    public void serve(Context context, String path) {
        contract.serve(context, service, path);
    }

    @Override
    public void refuse(Context context, int status, String message) {
        contract.refuse(context, status, message);
    }
}
