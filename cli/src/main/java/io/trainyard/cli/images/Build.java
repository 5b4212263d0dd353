package io.trainyard.cli.images;

import io.trainyard.cli.api.Json;
import io.trainyard.cli.session.Exit;
import io.trainyard.cli.session.Globals;
import io.trainyard.cli.session.Session;
import io.trainyard.cli.session.Usage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

@Command(
        name = "build",
        description = "Build images from this checkout, by docker, podman or buildah.",
        sortOptions = false,
        customSynopsis = "trainyard images build --all|NAME... [OPTIONS] [-- OPTIONS OF THE ENGINE...]",
        footer = {
            "",
            "Nothing is pushed before all are built. Exit codes: 1 a build or push failed, 2 wrong usage, 3 no engine.",
            "",
            "Examples:",
            "  trainyard images build --all --registry registry.example.com/team --tag v1.2 --push",
            "  trainyard images build hf --engine podman",
            "  trainyard images build hf --dry-run -- --no-cache"
        })
final class Build implements Callable<Integer> {
    private final Globals globals;
    private final List<String> further;

    @Parameters(paramLabel = "NAME", arity = "0..*", description = "Images to build; trainyard images list has them.")
    private List<String> names = List.of();

    @Option(names = "--all", description = "Build all of them.")
    private boolean all;

    @Mixin
    private final Named named = new Named();

    @Option(names = "--push", description = "Push them once all are built.")
    private boolean push;

    @Option(names = "--engine", description = "docker, podman or buildah; otherwise the first of them on the PATH.")
    private @Nullable String engine;

    @Option(names = "--platform", description = "Such as linux/arm64; otherwise this machine's.")
    private @Nullable String platform;

    @Option(
            names = "--base",
            description = "Image to begin with, such as debian@sha256:…; otherwise Debian 13 by its tag.")
    private @Nullable String base;

    @Option(names = "--source", paramLabel = "URL", description = "Where the sources are, for a label.")
    private @Nullable String source;

    @Option(
            names = "--certificates",
            paramLabel = "FILE",
            description =
                    "Certificates (PEM) to trust while building, for networks that look into TLS. No image keeps them.")
    private @Nullable Path certificates;

    @Option(
            names = "--index-file",
            paramLabel = "FILE",
            description = "File with the address of your own index of Python packages. No image keeps it.")
    private @Nullable Path index;

    @Option(names = "--checkout", paramLabel = "DIR", description = "Checkout to build from; otherwise this one.")
    private @Nullable Path checkout;

    @Option(
            names = {"--dry-run", "--print"},
            description = "Only say what would be run.")
    private boolean dryRun;

    Build(Globals globals, List<String> further) {
        this.globals = globals;
        this.further = List.copyOf(further);
    }

    @Override
    public Integer call() {
        Map<String, String> environment = globals.surroundings().environment();
        Order order = order(new Place(environment));
        if (push && order.registry().equals(Place.NO_REGISTRY))
            throw new Usage("--push: %s is nobody's registry; name yours with --registry or DOCKER_REGISTRY"
                    .formatted(Place.NO_REGISTRY));
        try (Session session = globals.open()) {
            Engine found = engine(environment);
            return dryRun ? say(session, order, found) : new Work(session, order, found).run(push);
        } catch (Engine.Missing missing) {
            globals.screen().remark(String.valueOf(missing.getMessage()) + ".");
            return Exit.OUT_OF_REACH;
        }
    }

    /** What would be run can be said without an engine that could run it, where one is named. */
    private Engine engine(Map<String, String> environment) {
        if (!dryRun || engine == null) return Engine.find(engine, environment);
        Engine.Kind kind = Engine.kind(engine);
        return new Engine(kind, Path.of(kind.word()));
    }

    private Order order(Place place) {
        if (platform != null && platform.contains(","))
            throw new Usage("--platform: build one platform at a time, and join them into a manifest list");
        Path folder = place.checkout(checkout);
        var secrets = new LinkedHashMap<String, Path>();
        if (certificates != null) secrets.put("certificates", Place.file("--certificates", certificates));
        if (index != null) secrets.put("index", Place.file("--index-file", index));
        return new Order(
                List.copyOf(images()),
                folder,
                named.registry(place),
                named.tag(place),
                place.revision(folder),
                Optional.ofNullable(base),
                Optional.ofNullable(source),
                Optional.ofNullable(platform),
                secrets,
                further);
    }

    private Set<Image> images() {
        if (all && !names.isEmpty()) throw new Usage("Say --all or NAME, not both");
        if (!all && names.isEmpty()) throw new Usage("Say which images: --all, or some of " + Image.words());
        Set<Image> images = all ? EnumSet.allOf(Image.class) : EnumSet.noneOf(Image.class);
        for (String name : names) images.add(Image.named(name));
        return images;
    }

    private int say(Session session, Order order, Engine found) {
        var commands = new ArrayList<List<String>>();
        for (Image image : order.images()) commands.add(found.build(order, image));
        if (push)
            for (Image image : order.images())
                for (String name : image.names(order.registry(), order.tag())) commands.add(found.push(name));
        if (session.json()) {
            ObjectNode document = Json.object();
            ArrayNode list = document.putArray("commands");
            for (List<String> command : commands) command.forEach(list.addArray()::add);
            session.document(document);
        } else {
            for (List<String> command : commands) session.screen().line(Work.shown(command));
        }
        return Exit.GOOD;
    }
}
