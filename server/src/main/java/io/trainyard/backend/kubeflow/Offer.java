package io.trainyard.backend.kubeflow;

import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Workload.Kind;
import io.trainyard.spec.Placement.TrainingRuntime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** What of Kubeflow a cluster has. It is asked seldom; what it does not say counts as there, for the create will tell. */
public final class Offer {
    private static final Duration YES_HOLDS = Duration.ofSeconds(60);
    /** Whoever reads that something is missing installs it and tries again. */
    private static final Duration NO_HOLDS = Duration.ofSeconds(5);

    private static final Dialect GUESS = Dialect.named("2.2").orElseThrow();
    private static final int MAX_LISTED = 20;

    private final Function<String, Reply> get;
    private final InstantSource clock;
    private final Optional<Dialect> told;
    private final Map<String, Heard> heard = new ConcurrentHashMap<>();
    private @Nullable Dialect learned;

    private record Heard(Reply reply, Instant until) {}

    /** @param told by the operator, who knows better than any schema */
    public Offer(Api api, InstantSource clock, Optional<Dialect> told) {
        this(api::get, clock, told);
    }

    Offer(Function<String, Reply> get, InstantSource clock, Optional<Dialect> told) {
        this.get = get;
        this.clock = clock;
        this.told = told;
    }

    /** Of no cluster at all. */
    static Offer unknown() {
        return new Offer(_ -> new Reply.NotSent("no cluster"), () -> Instant.EPOCH, Optional.empty());
    }

    private Reply ask(String path) {
        Instant now = clock.instant();
        Heard before = heard.get(path);
        if (before != null && now.isBefore(before.until())) return before.reply();
        Reply reply = get.apply(path);
        heard.put(path, new Heard(reply, now.plus(reply instanceof Reply.Ok ? YES_HOLDS : NO_HOLDS)));
        return reply;
    }

    private static boolean missing(Reply reply) {
        return reply instanceof Reply.Refused refused && refused.missing();
    }

    boolean installed(Kind kind) {
        Reply reply = ask("/apis/" + kind.apiVersion());
        if (!(reply instanceof Reply.Ok(JsonNode group))) return !missing(reply);
        for (JsonNode resource : group.path("resources"))
            if (resource.path("name").asString("").equals(kind.plural())) return true;
        return false;
    }

    boolean has(TrainingRuntime runtime, String version, String namespace) {
        return !missing(ask(runtimes(runtime, version, namespace) + "/" + runtime.name()));
    }

    /** The names of those there are. */
    List<String> others(TrainingRuntime runtime, String version, String namespace) {
        var names = new ArrayList<String>();
        if (ask(runtimes(runtime, version, namespace)) instanceof Reply.Ok(JsonNode list))
            for (JsonNode each : list.path("items"))
                if (names.size() < MAX_LISTED)
                    names.add(each.at("/metadata/name").asString(""));
        return names;
    }

    private static String runtimes(TrainingRuntime runtime, String version, String namespace) {
        String root = "/apis/" + runtime.apiGroup() + "/" + version + "/";
        return runtime.kind().equals("ClusterTrainingRuntime")
                ? root + "clustertrainingruntimes"
                : root + "namespaces/" + namespace + "/trainingruntimes";
    }

    /** As far as is known without asking. */
    synchronized Dialect dialect() {
        if (told.isPresent()) return told.get();
        return learned == null ? GUESS : learned;
    }

    /** Asks if nobody knows yet. */
    synchronized void learn(Kind trainJob) {
        if (told.isEmpty() && learned == null) learned = read(trainJob).orElse(null);
    }

    /** What was thought of it has proved wrong. @return whether something else is thought now */
    synchronized boolean relearn(Kind trainJob) {
        if (told.isPresent()) return false;
        Dialect wrong = dialect();
        Optional<Dialect> read = read(trainJob);
        Optional<Dialect> now = read.isEmpty() ? older(wrong) : read.filter(it -> !it.equals(wrong));
        now.ifPresent(it -> learned = it);
        return now.isPresent();
    }

    /** Where the schema may not be read, one release after another is tried. */
    private static Optional<Dialect> older(Dialect wrong) {
        return switch (wrong.form()) {
            case RUNTIME_PATCHES -> Dialect.named("2.1");
            case POD_TEMPLATE_OVERRIDES -> Dialect.named("2.0");
            case POD_SPEC_OVERRIDES -> Optional.empty();
        };
    }

    private Optional<Dialect> read(Kind trainJob) {
        Reply definition = get.apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + trainJob.plural()
                + "." + trainJob.group());
        if (definition instanceof Reply.Ok(JsonNode crd)) return Dialect.of(ofDefinition(crd, trainJob.version()));
        // What everybody may read says the same.
        Reply published = get.apply("/openapi/v3/apis/" + trainJob.apiVersion());
        return published instanceof Reply.Ok(JsonNode openapi)
                ? Dialect.of(ofOpenapi(openapi, trainJob.kind()))
                : Optional.empty();
    }

    static JsonNode ofDefinition(JsonNode definition, String version) {
        for (JsonNode each : definition.at("/spec/versions"))
            if (each.path("name").asString("").equals(version))
                return each.at("/schema/openAPIV3Schema/properties/spec/properties");
        return MissingNode.getInstance();
    }

    static JsonNode ofOpenapi(JsonNode openapi, String kind) {
        for (JsonNode schema : openapi.at("/components/schemas"))
            for (JsonNode of : schema.path("x-kubernetes-group-version-kind"))
                if (of.path("kind").asString("").equals(kind)) return schema.at("/properties/spec/properties");
        return MissingNode.getInstance();
    }
}
