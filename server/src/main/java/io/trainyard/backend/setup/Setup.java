package io.trainyard.backend.setup;

import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.pods.Workload.Kind;
import io.trainyard.backend.setup.Step.Outcome;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/** Puts on a cluster what is wanted there, looks whether it is there, and takes it away again. */
public final class Setup {
    private static final String NO_TRAINER = "Kubeflow Trainer is not installed here; TrainJobs need it and this";

    private final Api api;
    private final Wanted wanted;
    private final List<Kind> kinds;

    /**
     * How it is done.
     *
     * @param dryRun the API server checks all and changes nothing
     * @param force takes fields over that somebody else has set to something else
     */
    public record Way(boolean dryRun, boolean force) {}

    /** @param kinds of jobs, which are not to be left behind */
    public Setup(Api api, Wanted wanted, List<Kind> kinds) {
        this.api = api;
        this.wanted = wanted;
        this.kinds = List.copyOf(kinds);
    }

    /** To be applied by somebody else. */
    public static String yaml(Wanted wanted) {
        return Manifests.yaml(wanted);
    }

    /** @param told of each object as it is done */
    public void apply(Way way, Consumer<Step> told) {
        boolean runtimes = takesRuntimes();
        Set<String> newNamespaces = new HashSet<>();
        for (Manifest manifest : Manifests.of(wanted)) {
            Step step = skipped(manifest, runtimes).orElseGet(() -> applied(manifest, way, newNamespaces));
            if (manifest.isNamespace() && step.outcome() == Outcome.CREATED) newNamespaces.add(manifest.name());
            told.accept(step);
        }
    }

    private boolean takesRuntimes() {
        return there(Manifest.RUNTIMES + "?limit=1").isPresent();
    }

    private Optional<Step> skipped(Manifest manifest, boolean runtimes) {
        if (manifest.kind().equals("ClusterTrainingRuntime") && !runtimes)
            return Optional.of(step(Outcome.SKIPPED, manifest, NO_TRAINER));
        if (manifest.unset().isEmpty()) return Optional.empty();
        return Optional.of(
                there(manifest.path()).isPresent()
                        ? step(Outcome.UNCHANGED, manifest, "")
                        : step(
                                Outcome.SKIPPED,
                                manifest,
                                "jobs run without it; set " + manifest.unset() + " to create it"));
    }

    private Step applied(Manifest manifest, Way way, Collection<String> newNamespaces) {
        Optional<JsonNode> before = there(manifest.path());
        // A namespace that is already there may be another's: it is used, not changed.
        if (manifest.isNamespace() && before.isPresent()) return step(Outcome.UNCHANGED, manifest, "");
        Reply reply = api.apply(manifest.path(), manifest.object(), way.dryRun(), way.force());
        return switch (reply) {
            case Reply.Ok(JsonNode after) when before.isEmpty() -> step(Outcome.CREATED, manifest, "");
            case Reply.Ok(JsonNode after) ->
                step(Manifest.same(before.get(), after) ? Outcome.UNCHANGED : Outcome.CHANGED, manifest, "");
            // Rehearsed only, its namespace is not there yet.
            case Reply.Refused refused
            when refused.missing() && way.dryRun() && newNamespaces.contains(manifest.namespace()) ->
                step(Outcome.CREATED, manifest, "");
            case Reply.Refused refused
            when refused.status() == 409 ->
                step(Outcome.REFUSED, manifest, refused.message() + "; say --force to take these fields over");
            case Reply.Refused refused
            when refused.status() == 403 ->
                step(
                        Outcome.REFUSED,
                        manifest,
                        refused.message()
                                + "; an administrator can apply what --print shows: trainyard k8s setup --print");
            case Reply.Refused refused -> step(Outcome.REFUSED, manifest, refused.message());
            case Reply.NotSent lost -> throw lost.unreachable();
            case Reply.Unanswered lost -> throw lost.unreachable();
        };
    }

    /** Whether each is there. */
    public void look(Consumer<Step> told) {
        boolean runtimes = takesRuntimes();
        for (Manifest manifest : Manifests.of(wanted)) {
            told.accept(skipped(manifest, runtimes).orElseGet(() -> looked(manifest)));
        }
    }

    private Step looked(Manifest manifest) {
        Optional<JsonNode> there = there(manifest.path());
        if (there.isEmpty()) return step(Outcome.MISSING, manifest, "trainyard k8s setup creates it");
        return there.get().path("metadata").has("deletionTimestamp")
                ? step(Outcome.MISSING, manifest, "is being removed; then trainyard k8s setup creates it")
                : step(Outcome.UNCHANGED, manifest, "");
    }

    /**
     * Removes what {@link #apply} created, the last first; what somebody else created stays.
     *
     * @param namespaces also the namespaces, with all that is in them
     */
    public void clean(boolean dryRun, boolean namespaces, Consumer<Step> told) {
        for (Manifest manifest : Manifests.of(wanted).reversed()) {
            Optional<JsonNode> there = there(manifest.path());
            if (there.isEmpty()) continue;
            boolean ours = there.get()
                    .at("/metadata/labels")
                    .path(Manifests.SETUP)
                    .asString("")
                    .equals("yes");
            if (!ours) told.accept(step(Outcome.SKIPPED, manifest, "was not created by trainyard k8s setup"));
            else if (manifest.isNamespace() && !namespaces)
                told.accept(step(Outcome.SKIPPED, manifest, "stays with all that is in it; --namespaces removes both"));
            else told.accept(removed(manifest, there.get(), dryRun));
        }
    }

    private Step removed(Manifest manifest, JsonNode there, boolean dryRun) {
        if (dryRun) return step(Outcome.REMOVED, manifest, "");
        return switch (api.delete(manifest.path(), there.at("/metadata/uid").stringValue())) {
            case Reply.Ok _ -> step(Outcome.REMOVED, manifest, "");
            case Reply.Refused refused when refused.missing() -> step(Outcome.REMOVED, manifest, "");
            case Reply.Refused refused -> step(Outcome.REFUSED, manifest, refused.message());
            case Reply.NotSent lost -> throw lost.unreachable();
            case Reply.Unanswered lost -> throw lost.unreachable();
        };
    }

    /** Jobs of a server that are still there, by kind and name. */
    public List<String> jobs() {
        return Inventory.jobs(api, kinds, wanted.jobs());
    }

    /** What the cluster has of what jobs can use, by name. */
    public List<Inventory.Part> parts() {
        return Inventory.parts(api);
    }

    private Optional<JsonNode> there(String path) {
        return switch (api.get(path)) {
            case Reply.Ok(JsonNode object) -> Optional.of(object);
            case Reply.Refused refused when refused.missing() || refused.status() == 403 -> Optional.empty();
            case Reply other -> throw other.unreachable();
        };
    }

    private static Step step(Outcome outcome, Manifest manifest, String detail) {
        return new Step(outcome, manifest.what(), detail);
    }
}
