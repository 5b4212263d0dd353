package io.trainyard;

import io.trainyard.backend.Backend.Unreachable;
import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.pods.Workload;
import io.trainyard.backend.pods.Workload.Kind;
import io.trainyard.backend.setup.Inventory;
import io.trainyard.backend.setup.Setup;
import io.trainyard.backend.setup.Step;
import io.trainyard.backend.setup.Wanted;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code trainyard k8s setup|status|clean}: makes a cluster ready for jobs, looks whether it is, and undoes it. */
final class ClusterCommand {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int DONE = 0;
    private static final int NOT_WELL = 1;
    private static final int TROUBLE = 3;
    private static final String SERVER_NAMESPACE = "--server-namespace";
    static final String HELP = """
            Usage: trainyard k8s setup  [--dry-run] [--force] [--print] [--json]
                   trainyard k8s status [--json]
                   trainyard k8s clean  [--dry-run] [--namespaces] [--yes] [--json]

            setup   creates what is missing on the cluster: the namespaces of the server and of its jobs, the server's
                    account with exactly the rights it needs there, our runtimes of Kubeflow Trainer, and for the pods
                    of the vision contract the Secret r2-credentials (of AWS_S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID and
                    AWS_SECRET_ACCESS_KEY) and the ConfigMap backend-config (of BACKEND_API_URL). Again, it changes nothing.
            status  says which of it is there, and what the cluster has of Kubeflow and Kueue
            clean   removes what setup created

              --dry-run                has the cluster check everything, and changes nothing
              --force                  takes over what somebody else has set to something else
              --print                  writes the manifests, without Secrets, for kubectl apply -f -
              --namespaces             removes the namespaces that setup created too, with all that is in them
              --yes                    removes even while jobs are there
              --server-namespace NAME  where the server and its account live [trainyard]
              --json                   one document
            The cluster and the namespaces are those of the server's settings, such as --kubernetes-kubeconfig PATH,
            --kubernetes-context NAME, --kubernetes-namespace NAME; see trainyard serve --help.

            Exit codes: 0 all is well, 1 something is missing or was refused, 2 wrong words, 3 the cluster is out of reach
            """;

    private static final Map<String, Set<String>> FLAGS = Map.of(
            "setup", Set.of("--dry-run", "--force", "--print", "--json"),
            "status", Set.of("--json"),
            "clean", Set.of("--dry-run", "--namespaces", "--yes", "--json"));

    private final String verb;
    private final Set<String> flags;
    private final Wanted wanted;
    private final Configuration configuration;
    private final Streams streams;
    private final List<Step> steps = new ArrayList<>();

    /** Where results and where troubles are written. */
    record Streams(PrintStream out, PrintStream err) {}

    private ClusterCommand(
            String verb, Set<String> flags, Wanted wanted, Configuration configuration, Streams streams) {
        this.verb = verb;
        this.flags = flags;
        this.wanted = wanted;
        this.configuration = configuration;
        this.streams = streams;
    }

    /** @param words behind {@code k8s} */
    static ClusterCommand of(List<String> words, Map<String, String> environment, Streams streams) {
        String verb = words.isEmpty() ? "" : words.getFirst();
        Set<String> known = FLAGS.get(verb);
        if (known == null)
            throw new Configuration.Nonsense(
                    "k8s: \"" + verb + "\" is none of setup, status, clean; see trainyard k8s --help");
        var flags = new LinkedHashSet<String>();
        var rest = new ArrayList<String>();
        String server = "trainyard";
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            if (known.contains(word)) flags.add(word);
            else if (word.equals(SERVER_NAMESPACE) && i + 1 < words.size()) server = words.get(++i);
            else rest.add(word);
        }
        var configuration =
                new Configuration(rest.isEmpty() ? new EnumMap<>(Setting.class) : Main.options(rest), environment);
        return new ClusterCommand(verb, flags, wanted(server, configuration, environment), configuration, streams);
    }

    private static Wanted wanted(String server, Configuration configuration, Map<String, String> environment) {
        if (!server.matches(VisionConfiguration.NAMESPACE))
            throw new Configuration.Nonsense(SERVER_NAMESPACE + ": \"" + server + "\" is no name of a namespace");
        String vision = new VisionConfiguration(configuration).namespace();
        var jobs = new LinkedHashSet<String>();
        jobs.add(new KubernetesConfiguration(configuration).settings().namespace());
        jobs.add(configuration.jobsNamespace());
        jobs.add(vision);
        return new Wanted(
                server,
                List.copyOf(jobs),
                vision,
                storage(environment),
                Optional.ofNullable(environment.get("BACKEND_API_URL")).filter(url -> !url.isEmpty()));
    }

    private static Optional<Wanted.Storage> storage(Map<String, String> environment) {
        var words = Stream.of("AWS_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
                .map(name -> environment.getOrDefault(name, ""))
                .filter(value -> !value.isEmpty())
                .toList();
        return words.size() == 3
                ? Optional.of(new Wanted.Storage(words.get(0), words.get(1), words.get(2)))
                : Optional.empty();
    }

    /** @return the exit code */
    int run() {
        if (flags.contains("--print")) {
            streams.out().print(Setup.yaml(wanted));
            return DONE;
        }
        try (var api = new Api(new KubernetesConfiguration(configuration).cluster())) {
            return run(new Setup(api, wanted, kinds(api)), api);
        } catch (Unreachable silent) {
            streams.err().println("trainyard: " + silent.getMessage());
            streams.err()
                    .println(
                            "Name the cluster: --kubernetes-kubeconfig PATH (or KUBECONFIG), --kubernetes-context NAME.");
            return TROUBLE;
        }
    }

    private List<Kind> kinds(Api api) {
        return Stream.concat(
                        new KubernetesConfiguration(configuration).kinds().stream(),
                        new KubeflowConfiguration(configuration).kinds(api, InstantSource.system()).stream())
                .map(Workload::kind)
                .toList();
    }

    private int run(Setup setup, Api api) {
        String version = Inventory.version(api);
        boolean dryRun = flags.contains("--dry-run");
        say("Cluster %s, Kubernetes %s".formatted(api.cluster().orElse("?"), version));
        switch (verb) {
            case "setup" -> setup.apply(new Setup.Way(dryRun, flags.contains("--force")), this::done);
            case "status" -> setup.look(this::done);
            default -> {
                List<String> jobs = setup.jobs();
                if (!jobs.isEmpty() && !dryRun && !flags.contains("--yes")) return held(jobs);
                setup.clean(dryRun, flags.contains("--namespaces"), this::done);
            }
        }
        if (dryRun) say("A dry run: nothing was changed.");
        boolean well = steps.stream().allMatch(Step::well);
        if (verb.equals("clean")) show(api, version, List.of());
        else show(api, version, setup.parts());
        return well ? DONE : NOT_WELL;
    }

    private int held(List<String> jobs) {
        streams.err()
                .println("trainyard: jobs are still there, and without its rights the server can neither follow nor "
                        + "remove them: " + String.join(", ", jobs.subList(0, Math.min(5, jobs.size())))
                        + (jobs.size() > 5 ? " and %d more".formatted(jobs.size() - 5) : ""));
        streams.err().println("Cancel them first (trainyard cancel), or say --yes.");
        return NOT_WELL;
    }

    private boolean json() {
        return flags.contains("--json");
    }

    private void say(String line) {
        if (!json()) streams.out().println(line);
    }

    private void done(Step step) {
        steps.add(step);
        String word = verb.equals("status") && step.outcome() == Step.Outcome.UNCHANGED
                ? "present"
                : step.outcome().word();
        say("  %-10s %s%s".formatted(word, step.what(), step.detail().isEmpty() ? "" : ": " + step.detail()));
    }

    private void show(Api api, String version, List<Inventory.Part> parts) {
        for (Inventory.Part part : parts)
            say("  %-10s %s (%s)".formatted(part.there() ? "installed" : "absent", part.name(), part.purpose()));
        if (!json()) return;
        ObjectNode all = JSON.createObjectNode()
                .put("cluster", api.cluster().orElse(""))
                .put("kubernetes", version)
                .put("dry_run", flags.contains("--dry-run"));
        ArrayNode objects = all.putArray("objects");
        for (Step step : steps)
            objects.addObject()
                    .put("object", step.what())
                    .put("outcome", step.outcome().word())
                    .put("detail", step.detail());
        ArrayNode installed = all.putArray("parts");
        for (Inventory.Part part : parts)
            installed
                    .addObject()
                    .put("name", part.name())
                    .put("installed", part.there())
                    .put("purpose", part.purpose());
        streams.out().println(all.toPrettyString());
    }
}
