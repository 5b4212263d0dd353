package io.trainyard;

import io.trainyard.backend.local.LocalSettings;
import io.trainyard.job.Backoff;
import io.trainyard.webhook.AddressPolicy;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The settings as typed values. What makes no sense refuses to start, naming the setting, the value and the remedy. */
final class Configuration {
    private static final List<String> ROOT_CONTRACTS = List.of("nemo", "meta", "hf-unsloth", "unified", "studio");

    private final Map<Setting, String> values = new EnumMap<>(Setting.class);
    private final Map<Setting, String> origins = new EnumMap<>(Setting.class);

    /** A setting that makes no sense. */
    static final class Nonsense extends RuntimeException {
        private static final long serialVersionUID = 1;

        Nonsense(String message) {
            super(message);
        }
    }

    /** @param options from the command line, by setting; they win */
    Configuration(Map<Setting, String> options, Map<String, String> environment) {
        take(options, environment, new Properties());
        take(options, environment, file(home().resolve("trainyard.properties")));
    }

    private void take(Map<Setting, String> options, Map<String, String> environment, Properties file) {
        for (Setting setting : Setting.values()) {
            String option = options.get(setting);
            String fromFile = file.getProperty(setting.key);
            Optional<String> variable = variable(setting, environment);
            if (option != null) put(setting, option, "command line");
            else if (variable.isPresent())
                put(setting, String.valueOf(environment.get(variable.get())), variable.get());
            else if (fromFile != null) put(setting, fromFile, "trainyard.properties");
            else put(setting, setting.otherwise, "default");
        }
    }

    private void put(Setting setting, String value, String origin) {
        values.put(setting, value.strip());
        origins.put(setting, origin);
    }

    private static Optional<String> variable(Setting setting, Map<String, String> environment) {
        return Stream.concat(Stream.of(setting.variable()), setting.alsoKnownAs.stream())
                .filter(name -> !environment.getOrDefault(name, "").isBlank())
                .findFirst();
    }

    private static Properties file(Path file) {
        var properties = new Properties();
        if (!Files.exists(file)) return properties;
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new Nonsense("cannot read " + file + ": " + e.getMessage());
        }
        var unknown = new TreeSet<>(properties.stringPropertyNames());
        for (Setting setting : Setting.values()) unknown.remove(setting.key);
        if (!unknown.isEmpty())
            throw new Nonsense(
                    file + ": " + String.join(", ", unknown) + " is no setting; see ./trainyard serve --help");
        return properties;
    }

    String text(Setting setting) {
        return values.getOrDefault(setting, setting.otherwise);
    }

    Optional<String> some(Setting setting) {
        return Optional.of(text(setting)).filter(text -> !text.isEmpty());
    }

    Nonsense nonsense(Setting setting, String wanted) {
        return new Nonsense("%s = \"%s\" (%s): %s is wanted"
                .formatted(setting.key, text(setting), origins.getOrDefault(setting, "default"), wanted));
    }

    int whole(Setting setting, int least, int most) {
        try {
            int number = Integer.parseInt(text(setting));
            if (number >= least && number <= most) return number;
        } catch (NumberFormatException notANumber) {
            // Refused below, together with what is out of range.
        }
        throw nonsense(setting, "a whole number from " + least + " to " + most);
    }

    boolean flag(Setting setting) {
        return switch (text(setting)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw nonsense(setting, "true or false");
        };
    }

    List<String> list(Setting setting) {
        return Arrays.stream(text(setting).split(",", -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }

    Path home() {
        return Path.of(text(Setting.HOME)).toAbsolutePath().normalize();
    }

    String host() {
        return some(Setting.HOST).orElse(token().isPresent() ? "0.0.0.0" : "127.0.0.1");
    }

    int port() {
        return whole(Setting.PORT, 0, 65_535);
    }

    Optional<String> token() {
        return some(Setting.TOKEN);
    }

    Optional<String> publicUrl() {
        Optional<String> url = some(Setting.PUBLIC_URL);
        if (url.isPresent() && !url.get().startsWith("http://") && !url.get().startsWith("https://"))
            throw nonsense(Setting.PUBLIC_URL, "an address that begins with http:// or https://");
        return url.map(text -> text.replaceAll("/+$", ""));
    }

    /** Names that requests may say they are for, besides those of the loopback. */
    List<String> hosts() {
        return Stream.concat(Stream.of(host()), list(Setting.ALLOWED_HOSTS).stream())
                .toList();
    }

    /** The backend of jobs that name none. */
    String preferredBackend() {
        return switch (text(Setting.JOB_RUNNER).toLowerCase(Locale.ROOT)) {
            case "auto", "local" -> "local";
            case "mock" -> "simulated";
            case "vertex" -> "vertex";
            case "kubeflow" -> "kubeflow";
            case "kubernetes", "k8s" -> "kubernetes";
            default ->
                throw nonsense(Setting.JOB_RUNNER, "one of auto, local, kubernetes, k8s, kubeflow, vertex, mock");
        };
    }

    boolean exitWhenReady() {
        return flag(Setting.EXIT_WHEN_READY);
    }

    Duration poll() {
        return Duration.ofSeconds(whole(Setting.POLL_SECONDS, 1, 3600));
    }

    Backoff backoff() {
        Duration first = Duration.ofSeconds(whole(Setting.RETRY_FIRST, 1, 86_400));
        Duration longest = Duration.ofSeconds(whole(Setting.RETRY_LONGEST, 1, 604_800));
        if (longest.compareTo(first) < 0)
            throw nonsense(
                    Setting.RETRY_LONGEST, "at least " + Setting.RETRY_FIRST.key + " (" + first.toSeconds() + ")");
        return new Backoff(
                first,
                whole(Setting.RETRY_FACTOR, 1, 100),
                longest,
                Duration.ofSeconds(whole(Setting.RETRY_HEALTHY, 1, 604_800)),
                whole(Setting.RETRY_MOST, 1, 100));
    }

    Duration simulatedRun() {
        return Duration.ofMillis(whole(Setting.SIMULATED_MILLIS, 1, Integer.MAX_VALUE));
    }

    int simulatedSlots() {
        return whole(Setting.SIMULATED_SLOTS, 1, Integer.MAX_VALUE);
    }

    Duration heartbeat() {
        return Duration.ofSeconds(whole(Setting.WEBHOOKS_HEARTBEAT, 1, 86_400));
    }

    AddressPolicy.Private privateReceivers() {
        return switch (text(Setting.WEBHOOKS_PRIVATE)) {
            case "allow" -> AddressPolicy.Private.ALLOW;
            case "refuse" -> AddressPolicy.Private.REFUSE;
            default -> throw nonsense(Setting.WEBHOOKS_PRIVATE, "allow or refuse");
        };
    }

    /** What receivers of the trainer contract are told for {@code submitted}. */
    String submittedAs() {
        return switch (text(Setting.WEBHOOKS_SUBMITTED_AS)) {
            case "queued" -> "queued";
            case "submitted" -> "submitted";
            default -> throw nonsense(Setting.WEBHOOKS_SUBMITTED_AS, "queued or submitted");
        };
    }

    LocalSettings local() {
        return new LocalConfiguration(this).settings();
    }

    /** By the prefix under which it also answers. */
    Optional<String> rootContract() {
        Optional<String> word = some(Setting.ROOT_CONTRACT);
        if (word.isEmpty() || ROOT_CONTRACTS.contains(word.get())) return word;
        throw nonsense(Setting.ROOT_CONTRACT, "one of " + String.join(", ", ROOT_CONTRACTS) + ", or nothing,");
    }

    /** Of what is rendered or created on a cluster for jobs that name none. */
    String jobsNamespace() {
        if (text(Setting.JOBS_NAMESPACE).matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"))
            return text(Setting.JOBS_NAMESPACE);
        throw nonsense(Setting.JOBS_NAMESPACE, "a namespace of at most 63 small letters, digits and -");
    }

    /** Reads everything once, so that nonsense is met at the start and not at the first job. */
    Configuration checked() {
        var _ = List.of(
                host(),
                port(),
                publicUrl(),
                preferredBackend(),
                rootContract(),
                jobsNamespace(),
                poll(),
                backoff(),
                simulatedRun(),
                simulatedSlots(),
                local(),
                new KubernetesConfiguration(this).settings(),
                new KubernetesConfiguration(this).cluster(),
                new KubernetesConfiguration(this).pods(),
                new KubeflowConfiguration(this).settings(),
                new KubeflowConfiguration(this).contracts(),
                new StudioConfiguration(this).settings(),
                new VisionConfiguration(this).settings(Optional::empty),
                new TrainerConfiguration(this).settings(),
                new VertexConfiguration(this).settings(),
                heartbeat(),
                privateReceivers(),
                submittedAs(),
                exitWhenReady());
        return this;
    }
}
