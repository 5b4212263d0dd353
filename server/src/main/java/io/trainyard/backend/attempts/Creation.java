package io.trainyard.backend.attempts;

import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Kueue;
import io.trainyard.backend.pods.Names;
import io.trainyard.backend.pods.Queueing;
import io.trainyard.backend.pods.Workload;
import io.trainyard.backend.pods.Workload.Companion;
import io.trainyard.backend.pods.Workload.Drawing;
import io.trainyard.backend.pods.Workload.Kind;
import io.trainyard.backend.pods.Workload.Naming;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Handle;
import io.trainyard.job.Observation.Ending;
import io.trainyard.spec.JobSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Creates what an attempt needs, in an order that a crash anywhere leaves repeatable: its Secret, its companions, the
 * object itself, and then the object as the owner of the rest, so that one delete removes all.
 */
final class Creation {
    private static final System.Logger LOG = System.getLogger(Creation.class.getName());
    private static final String STRICT = "?fieldValidation=Strict";
    private static final int FORBIDDEN = 403;
    private static final int TOO_MANY = 429;
    private static final int MAX_REDRAWN = 3;
    static final Kind SECRET = new Kind("", "v1", "Secret", "secrets");

    private final Api api;
    private final Queueing queueing;
    private final Workload workload;
    private final Folder folder;
    private final Attempt attempt;

    Creation(Api api, Queueing queueing, Workload workload, Folder folder, Attempt attempt) {
        this.api = api;
        this.queueing = queueing;
        this.workload = workload;
        this.folder = folder;
        this.attempt = attempt;
    }

    /** What came of it, and the object when it is there. */
    record Result(Launched launched, Optional<JsonNode> object) {
        static Result of(Launched launched) {
            return new Result(launched, Optional.empty());
        }
    }

    Result create(Launch launch, Naming naming, Map<String, String> secrets) {
        boolean toldBefore = folder.intent().isPresent();
        folder.intend(new Folder.Intent(workload.kind().kind(), naming.namespace(), naming.name()));
        List<String> objections = workload.examine(launch.spec());
        // What an earlier create may have left is looked for all the same.
        if (!toldBefore && !objections.isEmpty())
            return Result.of(
                    new Launched.Refused(new Ending.Failure(Cause.BAD_CONFIGURATION, String.join("; ", objections))));
        Drawing drawing = drawn(launch.spec(), naming);
        List<Companion> before = new ArrayList<>();
        if (!secrets.isEmpty()) before.add(new Companion(SECRET, secret(naming, secrets)));
        before.addAll(drawing.before());
        if (!before.isEmpty())
            folder.accompany(before.stream().map(each -> path(each, naming)).toList());
        for (Companion companion : before) {
            Optional<Launched> trouble = prepared(companion, naming, toldBefore);
            if (trouble.isPresent()) return Result.of(trouble.get());
        }
        String path = workload.kind().path(naming.namespace()) + STRICT;
        Reply reply =
                posted(api, path, workload, () -> drawn(launch.spec(), naming).object());
        return switch (reply) {
            case Reply.Ok ok -> accepted(ok.body(), before, naming);
            case Reply.NotSent notSent -> Result.of(notSent(notSent, toldBefore || !before.isEmpty()));
            case Reply.Refused refused when refused.alreadyExists() -> existing(before, naming);
            case Reply.Refused refused
            when refused.status() == TOO_MANY || refused.unauthorized() -> throw refused.unreachable();
            case Reply.Refused refused when refused.passing() -> lost(refused, before, naming);
            case Reply.Refused refused -> {
                for (Companion companion : before) remove(companion, naming);
                yield Result.of(refused(refused));
            }
            case Reply.Unanswered unanswered -> lost(unanswered, before, naming);
        };
    }

    private Drawing drawn(JobSpec spec, Naming naming) {
        Drawing drawing = workload.draw(spec, naming);
        Kueue.label(drawing.object(), spec, queueing);
        return drawing;
    }

    static Reply posted(Api api, String path, Workload workload, Supplier<ObjectNode> drawn) {
        Reply reply = api.post(path, drawn.get());
        for (int redrawn = 0; redrawn < MAX_REDRAWN; redrawn++) {
            if (!(reply instanceof Reply.Refused refused) || !workload.misdrawn(refused)) break;
            reply = api.post(path, drawn.get());
        }
        return reply;
    }

    private Launched notSent(Reply.NotSent notSent, boolean earlierOneMayHaveBeen) {
        if (earlierOneMayHaveBeen) throw notSent.unreachable();
        folder.forgetIntent();
        return new Launched.NotSent(notSent.why());
    }

    private static Launched refused(Reply.Refused refused) {
        String said = refused.message();
        Cause cause = refused.status() != FORBIDDEN
                ? Cause.BAD_CONFIGURATION
                : said.contains("exceeded quota") ? Cause.QUOTA : Cause.REFUSED;
        return new Launched.Refused(new Ending.Failure(cause, "the cluster refuses it: " + said));
    }

    private ObjectNode secret(Naming naming, Map<String, String> values) {
        ObjectNode secret = Api.JSON.createObjectNode().put("apiVersion", "v1").put("kind", SECRET.kind());
        ObjectNode metadata =
                secret.putObject("metadata").put("name", naming.secret()).put("namespace", naming.namespace());
        naming.labels().forEach(metadata.putObject("labels")::put);
        ObjectNode data = secret.putObject("stringData");
        values.forEach(data::put);
        return secret;
    }

    private Optional<Launched> prepared(Companion companion, Naming naming, boolean toldBefore) {
        String path = companion.kind().path(naming.namespace());
        Reply reply = api.post(path + STRICT, companion.object());
        return switch (reply) {
            case Reply.Ok _ -> Optional.empty();
            case Reply.Refused refused
            when refused.alreadyExists() -> {
                String name = companion.object().at("/metadata/name").asString("");
                JsonNode there = api.get(path + "/" + name).body();
                yield isOurs(there)
                        ? Optional.empty()
                        : Optional.of(foreign(companion.kind().kind(), name));
            }
            case Reply.NotSent notSent -> Optional.of(notSent(notSent, toldBefore));
            case Reply.Refused refused when refused.passing() || refused.unauthorized() -> throw refused.unreachable();
            case Reply.Refused refused -> Optional.of(refused(refused));
            case Reply.Unanswered unanswered -> throw unanswered.unreachable();
        };
    }

    private Launched foreign(String kind, String name) {
        return new Launched.Refused(new Ending.Failure(
                Cause.REFUSED,
                "the cluster has a %s named \"%s\" that is not of this attempt, and it is left alone; delete or rename it"
                        .formatted(kind, name)));
    }

    private boolean isOurs(JsonNode object) {
        return ours(object, attempt);
    }

    static boolean ours(JsonNode object, Attempt attempt) {
        JsonNode labels = object.at("/metadata/labels");
        return Names.labels(attempt).entrySet().stream()
                .allMatch(label -> labels.path(label.getKey()).asString("").equals(label.getValue()));
    }

    private Result existing(List<Companion> before, Naming naming) {
        JsonNode there = api.get(workload.kind().path(naming.namespace()) + "/" + naming.name())
                .body();
        if (isOurs(there)) return accepted(there, before, naming);
        for (Companion companion : before) remove(companion, naming);
        return Result.of(foreign(workload.kind().kind(), naming.name()));
    }

    /** The answer was lost, and with it whether the object is there now. */
    private Result lost(Reply reply, List<Companion> before, Naming naming) {
        Reply found = api.get(workload.kind().path(naming.namespace()) + "/" + naming.name());
        if (found instanceof Reply.Ok(JsonNode there) && isOurs(there)) return accepted(there, before, naming);
        throw reply.unreachable();
    }

    private Result accepted(JsonNode object, List<Companion> before, Naming naming) {
        boolean all = true;
        for (Companion companion : before) all &= own(companion, object, naming);
        if (all) folder.owned();
        return new Result(new Launched.Accepted(handle(object)), Optional.of(object));
    }

    private Handle handle(JsonNode object) {
        return handle(api, workload.kind(), object);
    }

    static Handle handle(Api api, Kind kind, JsonNode object) {
        return new Handle(
                api.cluster().orElse(""),
                kind.kind(),
                object.at("/metadata/namespace").asString(""),
                object.at("/metadata/name").asString(""),
                object.at("/metadata/uid").asString(""));
    }

    private static String path(Companion companion, Naming naming) {
        return companion.kind().path(naming.namespace()) + "/"
                + companion.object().at("/metadata/name").asString("");
    }

    private boolean own(Companion companion, JsonNode owner, Naming naming) {
        ObjectNode patch = Api.JSON.createObjectNode();
        patch.putObject("metadata")
                .putArray("ownerReferences")
                .addObject()
                .put("apiVersion", workload.kind().apiVersion())
                .put("kind", workload.kind().kind())
                .put("name", naming.name())
                .put("uid", owner.at("/metadata/uid").asString(""));
        String path = path(companion, naming);
        Reply reply = api.patch(path, patch);
        if (reply instanceof Reply.Ok) return true;
        // It works without; what would go with its owner is then removed by name at the end.
        LOG.log(
                System.Logger.Level.WARNING,
                "{0} has no owner: {1}",
                path,
                reply.unreachable().getMessage());
        return false;
    }

    private void remove(Companion companion, Naming naming) {
        api.delete(path(companion, naming));
    }
}
